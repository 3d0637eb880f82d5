//! What a conversion read and wrote.

use serde::Serialize;

use crate::Split;

/// What a conversion of the Avito log read and wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AvitoSummary {
    /// Rows of `SearchInfo`.
    pub searches: u64,
    /// Searches of the users and days that are asked for.
    pub searches_kept: u64,
    /// Rows of `trainSearchStream`.
    pub rows: u64,
    /// Rows of the stream left out because `SearchInfo` does not have their search.
    pub rows_without_search: u64,
    /// Searches kept of which the stream has ads.
    pub pages: u64,
    /// Pages of which a bad row was passed over, which are neither lists nor history.
    pub pages_with_bad_rows: u64,
    /// Pages before the first day, which are history only.
    pub pages_before_first_day: u64,
    /// Pages with more or fewer ads than a list has.
    pub pages_of_other_length: u64,
    /// Pages with too few recorded clicks.
    pub pages_with_unknown_clicks: u64,
    /// Pages with an ad at two positions.
    pub pages_with_an_ad_twice: u64,
    /// Lists in the training split.
    pub train: u64,
    /// Lists in the validation split.
    pub valid: u64,
    /// Lists in the test split.
    pub test: u64,
    /// Users of the lists.
    pub users: u64,
    /// Those of them that `UserInfo` does not have.
    pub users_without_info: u64,
    /// Distinct ads in the lists.
    pub ads: u64,
    /// Those of them that `AdsInfo` does not have.
    pub ads_without_info: u64,
    /// Shown ads, over all lists.
    pub shown: u64,
    /// Shown ads for which it is recorded whether they were clicked.
    pub known_clicks: u64,
    /// Shown ads that were clicked.
    pub clicks: u64,
    /// Bad rows that were passed over.
    pub bad_rows: u64,
}

impl AvitoSummary {
    /// The number of lists.
    pub fn lists(&self) -> u64 {
        self.train + self.valid + self.test
    }

    /// The summary as text, several lines.
    pub fn to_text(&self) -> String {
        let Self { searches, searches_kept, rows, pages, train, valid, test, .. } = self;
        format!(
            "{searches} searches, {searches_kept} of the users and days asked for; {rows} shown ads, {} of no known search\n\
             {pages} pages: {} with bad rows, {} before the first day, {} of another length, {} with unknown clicks, {} with an ad \
             twice\n\
             {} lists: {train} train, {valid} valid, {test} test; {} users, {} of them unknown; {} ads, {} of them unknown\n\
             {} of {} recorded shown ads clicked; {} shown ads in all; {} bad rows left out\n",
            self.rows_without_search,
            self.pages_with_bad_rows,
            self.pages_before_first_day,
            self.pages_of_other_length,
            self.pages_with_unknown_clicks,
            self.pages_with_an_ad_twice,
            self.lists(),
            self.users,
            self.users_without_info,
            self.ads,
            self.ads_without_info,
            self.clicks,
            self.known_clicks,
            self.shown,
            self.bad_rows,
        )
    }

    pub(super) fn lists_of(&mut self, split: Split) -> &mut u64 {
        match split {
            Split::Train => &mut self.train,
            Split::Valid => &mut self.valid,
            Split::Test => &mut self.test,
        }
    }
}
