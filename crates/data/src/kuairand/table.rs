//! The log as a table: tab-separated, one view a row, columns found by the names in the first line.

use std::collections::{HashMap, HashSet};

use crate::DataError;
use crate::lines::LineReader;

/// The columns that are read, in the order of [`View`]'s fields.
const COLUMNS: [&str; 12] = [
    "user_id",
    "video_id",
    "time_ms",
    "label",
    "is_click",
    "long_view",
    "is_follow",
    "is_comment",
    "is_forward",
    "is_profile_enter",
    "play_time_ms",
    "duration_ms",
];

/// One view of a video by a user.
pub(super) struct View {
    /// Index into [`Log::users`].
    pub(super) user: usize,
    /// Index into [`Log::videos`].
    pub(super) video: usize,
    pub(super) time_ms: u64,
    pub(super) like: bool,
    pub(super) click: bool,
    pub(super) long_view: bool,
    pub(super) follow: bool,
    pub(super) comment: bool,
    pub(super) forward: bool,
    pub(super) profile_enter: bool,
    pub(super) play_ms: u64,
    /// 0 if unknown.
    pub(super) duration_ms: u64,
}

/// The first view of each user and video, in order of time; views of the same millisecond in the order of rows.
pub(super) struct Log {
    pub(super) users: Vec<String>,
    pub(super) videos: Vec<String>,
    /// The length of each video in milliseconds, from its first view that tells it; 0 if none does.
    pub(super) durations: Vec<u64>,
    pub(super) views: Vec<View>,
    pub(super) rows: u64,
    pub(super) duplicates: u64,
    pub(super) repeats: u64,
}

impl Log {
    pub(super) fn read(mut lines: LineReader) -> Result<Self, DataError> {
        let header =
            if lines.advance()? { Header::read(&lines)? } else { return Err(Row::none(&lines).bad("", EMPTY)) };
        let (mut users, mut videos) = (Names::default(), Names::default());
        let mut views = Vec::new();
        while lines.advance()? {
            let row = header.row(&lines)?;
            views.push(row.view(&mut users, &mut videos)?);
        }
        let rows = views.len() as u64;
        views.sort_by_key(|view: &View| view.time_ms);
        let mut log = Self {
            durations: vec![0; videos.names.len()],
            users: users.names,
            videos: videos.names,
            views: Vec::new(),
            rows,
            duplicates: 0,
            repeats: 0,
        };
        log.keep_first_views(views);
        Ok(log)
    }

    pub(super) fn videos_never_liked(&self) -> u64 {
        let liked: HashSet<usize> = self.views.iter().filter(|view| view.like).map(|view| view.video).collect();
        (self.videos.len() - liked.len()) as u64
    }

    fn keep_first_views(&mut self, views: Vec<View>) {
        let (mut pairs, mut moments) = (HashSet::new(), HashSet::new());
        for view in views {
            if self.durations[view.video] == 0 {
                self.durations[view.video] = view.duration_ms;
            }
            if !moments.insert((view.user, view.video, view.time_ms)) {
                self.duplicates += 1;
            } else if !pairs.insert((view.user, view.video)) {
                self.repeats += 1;
            } else {
                self.views.push(view);
            }
        }
    }
}

const EMPTY: &str = "the file is empty, expected a line with the names of the columns";

/// Names by index, in the order of their first row.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    index: HashMap<String, usize>,
}

impl Names {
    fn index(&mut self, name: &str) -> usize {
        if let Some(&index) = self.index.get(name) {
            return index;
        }
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), self.names.len() - 1);
        self.names.len() - 1
    }
}

/// Where each of [`COLUMNS`] stands, and how many columns there are.
struct Header {
    places: [usize; COLUMNS.len()],
    width: usize,
}

impl Header {
    fn read(lines: &LineReader) -> Result<Self, DataError> {
        let row = Row::none(lines);
        let text = row.text(lines)?;
        let names: Vec<&str> = text.split('\t').collect();
        let mut places = [0; COLUMNS.len()];
        for (place, column) in places.iter_mut().zip(COLUMNS) {
            let found = names.iter().position(|name| *name == column);
            *place = found.ok_or_else(|| {
                row.bad(column, &format!("no such column, expected the tab-separated columns {}", COLUMNS.join(", ")))
            })?;
        }
        Ok(Self { places, width: names.len() })
    }

    fn row<'a>(&self, lines: &'a LineReader) -> Result<Row<'a>, DataError> {
        let mut row = Row::none(lines);
        let cells: Vec<&str> = row.text(lines)?.split('\t').collect();
        if cells.len() != self.width {
            return Err(row.bad("", &format!("found {} columns, expected {} as in line 1", cells.len(), self.width)));
        }
        row.cells = self.places.map(|place| cells[place]);
        Ok(row)
    }
}

/// The cells of one row, in the order of [`COLUMNS`].
struct Row<'a> {
    file: &'a str,
    line: u64,
    cells: [&'a str; COLUMNS.len()],
}

impl<'a> Row<'a> {
    /// The line read last, before its cells are known.
    fn none(lines: &'a LineReader) -> Self {
        Self { file: lines.source().name(), line: lines.number(), cells: [""; COLUMNS.len()] }
    }

    fn bad(&self, field: &str, problem: &str) -> DataError {
        let (file, field, problem) = (self.file.to_owned(), field.to_owned(), problem.to_owned());
        DataError::Invalid { file, line: self.line, field, problem }
    }

    fn text(&self, lines: &'a LineReader) -> Result<&'a str, DataError> {
        std::str::from_utf8(lines.line()).map_err(|error| self.bad("", &format!("{error}, expected UTF-8")))
    }

    fn view(&self, users: &mut Names, videos: &mut Names) -> Result<View, DataError> {
        Ok(View {
            user: users.index(self.id(0)?),
            video: videos.index(self.id(1)?),
            time_ms: self.integer(2)?,
            like: self.flag(3)?,
            click: self.flag(4)?,
            long_view: self.flag(5)?,
            follow: self.flag(6)?,
            comment: self.flag(7)?,
            forward: self.flag(8)?,
            profile_enter: self.flag(9)?,
            play_ms: self.integer(10)?,
            duration_ms: self.integer(11)?,
        })
    }

    fn id(&self, column: usize) -> Result<&'a str, DataError> {
        match self.cells[column] {
            "" => Err(self.bad(COLUMNS[column], "empty, expected an id")),
            id => Ok(id),
        }
    }

    /// A number of milliseconds. Up to the bound it is exact as a double, and a time plus a window is no overflow.
    fn integer(&self, column: usize) -> Result<u64, DataError> {
        const MOST: u64 = 1 << 53;
        let cell = self.cells[column];
        let number = cell.parse().ok().filter(|number| *number <= MOST);
        number.ok_or_else(|| {
            self.bad(COLUMNS[column], &format!("found {cell:?}, expected a whole number of milliseconds, 0 to 2^53"))
        })
    }

    fn flag(&self, column: usize) -> Result<bool, DataError> {
        match self.cells[column] {
            "0" => Ok(false),
            "1" => Ok(true),
            cell => Err(self.bad(COLUMNS[column], &format!("found {cell:?}, expected 0 or 1"))),
        }
    }
}
