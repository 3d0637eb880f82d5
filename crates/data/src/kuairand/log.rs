//! The log: a table with one view a row.

use std::collections::HashSet;

use crate::table::{Names, Row, Separator, Table};
use crate::{DataError, Source};

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
    pub(super) fn read(source: Source) -> Result<Self, DataError> {
        let mut table = Table::new(source, Separator::Tab, COLUMNS)?;
        let (mut users, mut videos) = (Names::default(), Names::default());
        let mut views = Vec::new();
        while let Some(row) = table.next_row()? {
            views.push(view(&row, &mut users, &mut videos)?);
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

fn view(row: &Row<'_, { COLUMNS.len() }>, users: &mut Names, videos: &mut Names) -> Result<View, DataError> {
    Ok(View {
        user: users.index(row.id(0)?),
        video: videos.index(row.id(1)?),
        time_ms: milliseconds(row, 2)?,
        like: row.flag(3)?,
        click: row.flag(4)?,
        long_view: row.flag(5)?,
        follow: row.flag(6)?,
        comment: row.flag(7)?,
        forward: row.flag(8)?,
        profile_enter: row.flag(9)?,
        play_ms: milliseconds(row, 10)?,
        duration_ms: milliseconds(row, 11)?,
    })
}

/// Up to the bound it is exact as a double, and a time plus a window is no overflow.
fn milliseconds(row: &Row<'_, { COLUMNS.len() }>, column: usize) -> Result<u64, DataError> {
    const MOST: u64 = 1 << 53;
    const EXPECTED: &str = "a whole number of milliseconds, 0 to 2^53";
    let number = row.parsed(column, EXPECTED)?;
    if number <= MOST { Ok(number) } else { Err(row.unexpected(column, EXPECTED)) }
}
