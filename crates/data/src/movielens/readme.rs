//! The page that lies beside converted data.

use super::{MovieLensOptions, MovieLensSummary};

pub(super) fn readme(options: &MovieLensOptions, summary: &MovieLensSummary) -> String {
    let MovieLensOptions { seed, slate, candidates } = options;
    let others = candidates - slate;
    let counts: String = summary.to_text().lines().map(|line| format!("- {line}\n")).collect();
    format!(
        "# MovieLens-1M as a reranking task

Ratings of films (GroupLens, 2000 to 2003), formed into lists by `nar4rec convert movielens`.

**Terms.** Those of MovieLens-1M: research use, to be cited, not to be passed on without permission, no commercial use. F. Maxwell
Harper and Joseph A. Konstan, *The MovieLens Datasets: History and Context*, ACM TiiS 5(4), 2015.

{counts}
**How it was formed** (seed {seed}):

- Of a user with at least 20 ratings of three stars or more, the last 36 % of these in order of time are cut into *lists* of {slate}, in
  order of time; what is left over stands in no list. The last list of a user is test, the one before it valid, the rest train. All other
  ratings are *history*.
- Feedback: `like` = four stars or five, `love` = five.
- *Candidates*: the {slate} shown and up to {others} films that the user never rated, drawn in proportion to their ratings in the history, without
  replacement, so that popularity alone tells little. What the user would have thought of them is unknown. The order is shuffled.
- The *upstream score* is x·y of 16 factors of user and film, by alternating least squares on the history alone.
- User features: `gender`, `age`, `occupation`, `log_history` = ln(1 + films of three stars or more in the history), `als0` to `als15`, and `recent`,
  the liked films of the two lists before.
- Film features: `genres`, `year`, `log_count` = ln(1 + ratings in the history), `mean_rating` there, `als0` to `als15`.

**Weak points.** Nobody was shown these lists: a film that was not rated may have been liked, and there is no effect of position. The history
of one user may be later than the lists of another.
"
    )
}
