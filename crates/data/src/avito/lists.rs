//! From the pages of one user to lists with what was known before each.

use std::collections::HashMap;

use nar4rec_slate::{Candidate, Exposure, FeatureValue, Features, Feedback, Impression, Request, User};

use super::date::{DAY_SECONDS, Day};
use super::ids::Ids;
use super::records::{Page, Showing};
use super::{AvitoOptions, AvitoSummary};
use crate::converted::{Folder, named};
use crate::{DataError, Split};

/// Makes lists of pages.
pub(super) struct Lists<'a> {
    pub(super) options: &'a AvitoOptions,
    /// The parent of each category that has one.
    pub(super) parents: HashMap<u32, u32>,
    /// The ads of the lists that were written.
    pub(super) ads: Ids,
    pub(super) files: Folder,
}

impl Lists<'_> {
    /// Writes the lists of a user, whose pages are in order of time; `agent` as in [`super::records::Agent`].
    pub(super) fn user(
        &mut self,
        pages: &[Page],
        agent: Option<&[Option<u32>; 4]>,
        summary: &mut AvitoSummary,
    ) -> Result<(), DataError> {
        let mut lists = 0;
        for page in pages {
            let Some(split) = self.split(page, summary) else { continue };
            let before = pages.partition_point(|other| other.search.time < page.search.time);
            let history = &pages[before.saturating_sub(self.options.history)..before];
            self.files.write(split, &self.impression(page, history, agent))?;
            page.shown.iter().for_each(|showing| {
                self.ads.insert(showing.ad);
            });
            lists += 1;
            *summary.lists_of(split) += 1;
            summary.shown += page.shown.len() as u64;
            summary.known_clicks += page.shown.iter().filter(|showing| showing.click.is_some()).count() as u64;
            summary.clicks += page.shown.iter().filter(|showing| showing.click == Some(true)).count() as u64;
        }
        if lists > 0 {
            summary.users += 1;
            summary.users_without_info += u64::from(agent.is_none());
        }
        Ok(())
    }

    /// The split of a page; none, which is counted, if it is no list.
    fn split(&self, page: &Page, summary: &mut AvitoSummary) -> Option<Split> {
        let Some(split) = self.options.split(Day::of(page.search.time)) else {
            summary.pages_before_first_day += 1;
            return None;
        };
        if page.shown.len() != self.options.slate {
            summary.pages_of_other_length += 1;
            return None;
        }
        let known = page.shown.iter().filter(|showing| showing.click.is_some()).count();
        if known < self.options.known_clicks {
            summary.pages_with_unknown_clicks += 1;
            return None;
        }
        let twice = |(place, showing): (usize, &Showing)| page.shown[..place].iter().any(|one| one.ad == showing.ad);
        if page.shown.iter().enumerate().any(twice) {
            summary.pages_with_an_ad_twice += 1;
            return None;
        }
        Some(split)
    }

    fn impression(&self, page: &Page, history: &[Page], agent: Option<&[Option<u32>; 4]>) -> Impression {
        let mut order: Vec<&Showing> = page.shown.iter().collect();
        order.sort_by_key(|showing| showing.ad);
        let candidates = order.iter().map(|showing| Candidate {
            id: showing.ad.to_string(),
            score: None,
            features: named([
                ("object_type", showing.object_type.to_string().as_str().into()),
                ("hist_ctr", showing.hist_ctr.map_or(FeatureValue::Missing, FeatureValue::Number)),
            ]),
        });
        let search = &page.search;
        let user = User { id: Some(search.user.to_string()), features: self.user_features(page, history, agent) };
        let request = Request::new(search.search.to_string(), user, candidates.collect());
        let request = request.expect("the ads of a list are distinct").at(i64::from(search.time));
        let shown = page.shown.iter().map(|showing| {
            let candidate = order.iter().position(|one| one.ad == showing.ad);
            let click = showing.click.map(|click| ("click".to_owned(), f64::from(u8::from(click))));
            let feedback: Feedback = click.into_iter().collect();
            Exposure { candidate: candidate.expect("shown ads are candidates"), feedback }
        });
        Impression::new(request, shown.collect()).expect("the ads of a list are distinct")
    }

    fn user_features(&self, page: &Page, history: &[Page], agent: Option<&[Option<u32>; 4]>) -> Features {
        let search = &page.search;
        let hour = search.time % DAY_SECONDS / 3600;
        let before = || history.iter().flat_map(|page| &page.shown);
        let ids = |showings: &mut dyn Iterator<Item = &Showing>| -> FeatureValue {
            showings.map(|showing| showing.ad.to_string()).collect::<Vec<_>>().into()
        };
        let mut features = named([
            ("location", id(search.location)),
            ("category", id(search.category)),
            ("parent_category", id(search.category.and_then(|category| self.parents.get(&category).copied()))),
            ("logged_on", f64::from(u8::from(search.logged_on)).into()),
            ("hour", hour.to_string().as_str().into()),
            ("history_shown", ids(&mut before())),
            ("history_clicked", ids(&mut before().filter(|showing| showing.click == Some(true)))),
        ]);
        if let Some(&[user_agent, os, device, family]) = agent {
            features.extend(named([
                ("user_agent", id(user_agent)),
                ("user_agent_os", id(os)),
                ("user_device", id(device)),
                ("user_agent_family", id(family)),
            ]));
        }
        features
    }
}

/// An id as a category, which is a string.
pub(super) fn id(id: Option<u32>) -> FeatureValue {
    id.map_or(FeatureValue::Missing, |id| id.to_string().as_str().into())
}
