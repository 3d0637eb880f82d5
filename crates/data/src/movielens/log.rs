//! The files of MovieLens-1M: lines without a header, `::` between their cells, Latin-1.
//!
//! ```text
//! ratings.dat   user::film::stars::seconds since 1970
//! users.dat     user::gender::age::occupation::zip code
//! movies.dat    film::title (year)::genre|genre|…
//! ```

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use crate::lines::{LineReader, MAX_LINE_BYTES};
use crate::{DataError, Source, source};

/// Stars from which a rating may stand in a list.
const WANTED: u8 = 3;
/// Users with fewer such ratings make no lists.
const LEAST_WANTED: usize = 20;

/// A user's rating of a film.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rating {
    /// Its place among [`Log::films`].
    pub(super) film: usize,
    /// 1 to 5.
    pub(super) stars: u8,
    /// Seconds since 1970.
    pub(super) time: i64,
}

/// A user.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: u32,
    pub(super) gender: String,
    pub(super) age: String,
    pub(super) occupation: String,
    /// What was rated before the lists, and what was not wanted.
    pub(super) history: Vec<Rating>,
    /// What lists are made of, in order of time and then of the film's id.
    pub(super) later: Vec<Rating>,
}

impl Person {
    pub(super) fn ratings(&self) -> usize {
        self.history.len() + self.later.len()
    }

    /// The ratings of the history that were wanted.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Rating> {
        self.history.iter().filter(|rating| is_wanted(rating))
    }
}

/// A film that was rated.
#[derive(Debug)]
pub(super) struct Film {
    pub(super) id: u32,
    pub(super) genres: Vec<String>,
    pub(super) year: Option<u16>,
    /// Its ratings in the history.
    pub(super) ratings: u32,
    /// Their stars.
    pub(super) stars: u64,
}

/// All of it, users and films in order of their ids.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) people: Vec<Person>,
    pub(super) films: Vec<Film>,
}

pub(super) fn is_wanted(rating: &Rating) -> bool {
    rating.stars >= WANTED
}

impl Log {
    pub(super) fn read(folder: &Path) -> Result<Self, DataError> {
        let mut films = films(folder)?;
        let mut people = people(folder)?;
        let (mut of_user, mut rated, mut seen) = (BTreeMap::<u32, Vec<_>>::new(), HashSet::new(), HashSet::new());
        let mut lines = Lines::open(folder, "ratings.dat", ["user", "film", "stars", "time"])?;
        while let Some(row) = lines.next_row()? {
            let (user, film) = (row.number(0)?, row.number(1)?);
            let stars: u8 = row.number(2)?;
            if !(1..=5).contains(&stars) {
                return Err(row.unexpected(2, "1 to 5"));
            }
            if !people.contains_key(&user) {
                return Err(row.unexpected(0, "a user of users.dat"));
            }
            if !films.contains_key(&film) {
                return Err(row.unexpected(1, "a film of movies.dat"));
            }
            if !seen.insert((user, film)) {
                return Err(row.unexpected(1, "one rating of a film by a user"));
            }
            rated.insert(film);
            of_user.entry(user).or_default().push((film, stars, row.number(3)?));
        }
        films.retain(|id, _| rated.contains(id));
        let place: HashMap<u32, usize> = films.keys().enumerate().map(|(place, id)| (*id, place)).collect();
        let mut log = Self { people: Vec::new(), films: films.into_values().collect() };
        for (id, ratings) in of_user {
            let ratings = ratings.into_iter().map(|(film, stars, time)| Rating { film: place[&film], stars, time });
            let (history, later) = divided(ratings.collect());
            for rating in &history {
                let film = &mut log.films[rating.film];
                (film.ratings, film.stars) = (film.ratings + 1, film.stars + u64::from(rating.stars));
            }
            let [gender, age, occupation] = people.remove(&id).expect("looked up above");
            log.people.push(Person { id, gender, age, occupation, history, later });
        }
        Ok(log)
    }
}

/// A user's history, and the last 36 % of what was wanted: a fifth, and a fifth of the rest before it. Of ratings of the same
/// second, those that stand first in the file are the earlier ones.
fn divided(ratings: Vec<Rating>) -> (Vec<Rating>, Vec<Rating>) {
    let mut wanted: Vec<usize> = (0..ratings.len()).filter(|place| is_wanted(&ratings[*place])).collect();
    if wanted.len() < LEAST_WANTED {
        return (ratings, Vec::new());
    }
    wanted.sort_by_key(|place| ratings[*place].time);
    let fifth = |count: usize| (count as f64 * 0.2).round() as usize;
    let last = fifth(wanted.len());
    let before = fifth(wanted.len() - last);
    let later: HashSet<usize> = wanted.split_off(wanted.len() - last - before).into_iter().collect();
    let (mut later, history): (Vec<_>, Vec<_>) =
        ratings.into_iter().enumerate().partition(|(place, _)| later.contains(place));
    later.sort_by_key(|(_, rating)| (rating.time, rating.film));
    let ratings = |placed: Vec<(usize, Rating)>| placed.into_iter().map(|(_, rating)| rating).collect();
    (ratings(history), ratings(later))
}

fn people(folder: &Path) -> Result<HashMap<u32, [String; 3]>, DataError> {
    let mut people = HashMap::new();
    let mut lines = Lines::open(folder, "users.dat", ["user", "gender", "age", "occupation", "zip code"])?;
    while let Some(row) = lines.next_row()? {
        let told = [1, 2, 3].map(|cell| row.cells[cell].to_owned());
        if people.insert(row.number(0)?, told).is_some() {
            return Err(row.unexpected(0, "distinct users"));
        }
    }
    Ok(people)
}

fn films(folder: &Path) -> Result<BTreeMap<u32, Film>, DataError> {
    let mut films = BTreeMap::new();
    let mut lines = Lines::open(folder, "movies.dat", ["film", "title", "genres"])?;
    while let Some(row) = lines.next_row()? {
        let id = row.number(0)?;
        let genres = row.cells[2].split('|').map(str::to_owned).collect();
        let film = Film { id, genres, year: year(row.cells[1]), ratings: 0, stars: 0 };
        if films.insert(id, film).is_some() {
            return Err(row.unexpected(0, "distinct films"));
        }
    }
    Ok(films)
}

/// The year in `Title (1995)`.
fn year(title: &str) -> Option<u16> {
    title.strip_suffix(')')?.rsplit_once('(')?.1.parse().ok()
}

/// A file of lines of N cells.
struct Lines<const N: usize> {
    lines: LineReader,
    names: [&'static str; N],
    /// The line read last.
    text: String,
}

/// The cells of a line.
struct Cells<'a, const N: usize> {
    from: &'a Lines<N>,
    cells: [&'a str; N],
}

impl<const N: usize> Lines<N> {
    fn open(folder: &Path, name: &str, names: [&'static str; N]) -> Result<Self, DataError> {
        let path = source::in_any_form(folder, name).ok_or_else(|| {
            let files = "ratings.dat, users.dat and movies.dat of MovieLens-1M, plain, .gz or .zst";
            let problem = format!("no {name}, expected {files}");
            DataError::Folder { folder: folder.display().to_string(), problem }
        })?;
        Ok(Self { lines: LineReader::new(Source::open(path)?, MAX_LINE_BYTES), names, text: String::new() })
    }

    fn next_row(&mut self) -> Result<Option<Cells<'_, N>>, DataError> {
        if !self.lines.advance()? {
            return Ok(None);
        }
        // Every byte is a character of Latin-1.
        self.text.clear();
        self.text.extend(self.lines.line().iter().map(|byte| char::from(*byte)));
        let (mut cells, mut found) = ([""; N], 0);
        for cell in self.text.split("::") {
            if let Some(to) = cells.get_mut(found) {
                *to = cell;
            }
            found += 1;
        }
        if found != N {
            let problem = format!("found {found} cells, expected {}", self.names.join("::"));
            return Err(self.lines.invalid("", problem));
        }
        Ok(Some(Cells { from: self, cells }))
    }
}

impl<const N: usize> Cells<'_, N> {
    fn number<T: std::str::FromStr>(&self, cell: usize) -> Result<T, DataError> {
        self.cells[cell].parse().map_err(|_| self.unexpected(cell, "a whole number"))
    }

    fn unexpected(&self, cell: usize, expected: &str) -> DataError {
        let problem = format!("found {:?}, expected {expected}", self.cells[cell]);
        self.from.lines.invalid(self.from.names[cell], problem)
    }
}
