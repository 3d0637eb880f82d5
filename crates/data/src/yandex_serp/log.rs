//! The log: a table with one result page a row.

use std::collections::{HashMap, HashSet};

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_pcg::Pcg64Mcg;

use super::YandexSerpOptions;
use crate::table::{Names, Row, Separator, Table};
use crate::{DataError, Source};

const COLUMNS: [&str; 6] = ["split", "serp", "query", "urls", "click_positions", "clicks_per_position"];

type SerpRow<'a> = Row<'a, { COLUMNS.len() }>;

/// The part of the log that a page is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Train,
    Test,
}

impl Part {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

/// What a result page held, however often it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Page {
    /// Index into [`Log::queries`].
    pub(super) query: usize,
    /// Indices into [`Log::urls`], the first position first.
    pub(super) urls: Vec<usize>,
}

/// One result page as it was shown.
pub(super) struct Serp {
    pub(super) part: Part,
    /// Its number in the log.
    pub(super) number: String,
    /// Index into [`Log::pages`].
    pub(super) page: usize,
    /// Whether each url was clicked, in order of position.
    pub(super) clicked: Vec<bool>,
    /// The place of the url that was clicked last.
    pub(super) last_click: Option<usize>,
}

/// All of it, in the order of rows.
pub(super) struct Log {
    pub(super) queries: Vec<String>,
    pub(super) urls: Vec<String>,
    pub(super) pages: Vec<Page>,
    /// The list that each page shows: pages of one query with the same first urls show the same list.
    pub(super) lists: Vec<usize>,
    pub(super) serps: Vec<Serp>,
    pub(super) rows: u64,
}

impl Log {
    pub(super) fn read(source: Source, slate: usize) -> Result<Self, DataError> {
        let mut table = Table::new(source, Separator::Tab, COLUMNS)?;
        let (mut queries, mut urls) = (Names::default(), Names::default());
        let (mut pages, mut lists) = (Distinct::default(), Distinct::default());
        let mut list_of_page = Vec::new();
        let mut serps = Vec::new();
        while let Some(row) = table.next_row()? {
            let page = Page { query: queries.index(row.id(2)?), urls: page_urls(&row, slate, &mut urls)? };
            let list = lists.index(Page { query: page.query, urls: page.urls[..slate].to_vec() });
            let length = page.urls.len();
            let page = pages.index(page);
            list_of_page.resize(pages.values.len(), list);
            serps.push(serp(&row, page, length)?);
        }
        let rows = serps.len() as u64;
        Ok(Self { queries: queries.names, urls: urls.names, pages: pages.values, lists: list_of_page, serps, rows })
    }

    pub(super) fn page(&self, serp: &Serp) -> &Page {
        &self.pages[serp.page]
    }

    /// The list that a page showed.
    pub(super) fn list(&self, serp: &Serp) -> usize {
        self.lists[serp.page]
    }

    /// Keeps so many pages of each query in each part, drawn at random, and returns how many were left out.
    pub(super) fn cap(&mut self, options: &YandexSerpOptions) -> u64 {
        let Some(most) = options.most_per_query else { return 0 };
        let mut of_query: HashMap<(Part, usize), Vec<usize>> = HashMap::new();
        for (place, serp) in self.serps.iter().enumerate() {
            of_query.entry((serp.part, self.page(serp).query)).or_default().push(place);
        }
        let mut left_out = HashSet::new();
        for ((_, query), mut places) in of_query {
            places.shuffle(&mut Pcg64Mcg::seed_from_u64(options.seed_at(query)));
            left_out.extend(places.into_iter().skip(most));
        }
        let mut place = 0..;
        self.serps.retain(|_| place.next().is_some_and(|place| !left_out.contains(&place)));
        left_out.len() as u64
    }
}

/// Distinct pages by index.
#[derive(Default)]
struct Distinct {
    values: Vec<Page>,
    index: HashMap<Page, usize>,
}

impl Distinct {
    fn index(&mut self, page: Page) -> usize {
        if let Some(&index) = self.index.get(&page) {
            return index;
        }
        self.values.push(page.clone());
        self.index.insert(page, self.values.len() - 1);
        self.values.len() - 1
    }
}

fn page_urls(row: &SerpRow<'_>, slate: usize, names: &mut Names) -> Result<Vec<usize>, DataError> {
    let mut urls = Vec::new();
    for url in row.id(3)?.split(',') {
        if url.is_empty() {
            return Err(row.unexpected(3, "ids with a comma between them"));
        }
        let url = names.index(url);
        if urls.contains(&url) {
            return Err(row.bad(COLUMNS[3], &format!("{:?} stands twice, expected distinct ids", names.names[url])));
        }
        urls.push(url);
    }
    if urls.len() < slate {
        return Err(row.bad(COLUMNS[3], &format!("found {} urls, expected at least {slate}", urls.len())));
    }
    Ok(urls)
}

fn serp(row: &SerpRow<'_>, page: usize, length: usize) -> Result<Serp, DataError> {
    let part = match row.cells[0] {
        "train" => Part::Train,
        "test" => Part::Test,
        _ => return Err(row.unexpected(0, "train or test")),
    };
    let counts = || row.cells[5].split(',').map(|count| count.parse::<u32>().ok());
    let clicked: Option<Vec<bool>> = counts().map(|count| count.map(|count| count > 0)).collect();
    let Some(clicked) = clicked.filter(|clicked| clicked.len() == length) else {
        return Err(row.unexpected(5, &format!("{length} counts with a comma between them, one for each url")));
    };
    let clicks: Vec<&str> = row.cells[4].split(',').filter(|_| !row.cells[4].is_empty()).collect();
    let mut last_click = None;
    for click in clicks {
        let place = click.parse::<usize>().ok().filter(|place| (1..=length).contains(place) && clicked[place - 1]);
        let Some(place) = place else {
            let problem = format!("found {click:?}, expected the position, from 1, of a url with clicks");
            return Err(row.bad(COLUMNS[4], &problem));
        };
        last_click = Some(place - 1);
    }
    Ok(Serp { part, number: row.id(1)?.to_owned(), page, clicked, last_click })
}
