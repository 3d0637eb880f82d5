//! The page that lies beside converted data: origin, terms, and how everything was formed.

use super::{AvitoOptions, AvitoSummary};

pub(super) fn readme(options: &AvitoOptions, summary: &AvitoSummary) -> String {
    let AvitoOptions { slate, history, known_clicks, first_day, train_days, valid_days, test_days, .. } = options;
    let AvitoOptions { user_share, seed, .. } = options;
    let first_test = first_day.plus(*train_days);
    let counts: String = summary.to_text().lines().map(|line| format!("- {line}\n")).collect();
    format!(
        "# Avito Context Ad Clicks as a reranking task

Real search pages of a marketplace with the ads they showed (Avito, 2015), formed into lists by `nar4rec convert avito`.

**Terms.** Those of the Kaggle competition *Avito Context Ad Clicks*, whose data it is: they are not to be passed on.

{counts}
**How it was formed** (share of users {user_share}, seed {seed}):

- A *page* is a search with the ads that `trainSearchStream` has of it, in order of `Position`. A *list* is a page of exactly {slate} distinct
  ads of which at least {known_clicks} have `IsClick`. The *candidates* are its ads, in order of id; there is no score.
- *Splits* by `SearchDate`: {train_days} days from {first_day} on, of which the last {valid_days} are `valid` and the others `train`; `test` is the {test_days} days from
  {first_test} on, as far as the log goes. Earlier pages are history only. The log states no time zone: hours and days are as written.
- *History*: `history_shown` and `history_clicked` are the ads of the user's last {history} pages with an earlier `SearchDate`, of any length, the
  oldest first, and those of them that were clicked.
- User features: the id, `location`, `category` and its `parent_category` of the search, `logged_on`, `hour`, `user_agent`, `user_agent_os`, `user_device`,
  `user_agent_family`.
- Candidate features: `object_type` (1 regular, 2 highlighted, 3 contextual), `hist_ctr` (null where the log has none).
- Item features: `location`, `category`, `parent_category`, `price`, `is_context`. An ad that `AdsInfo` does not have is not in the catalog.
- Feedback: `click`; absent where `IsClick` is empty, as it is for all but contextual ads.
"
    )
}
