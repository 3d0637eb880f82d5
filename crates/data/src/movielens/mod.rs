//! From the ratings of MovieLens-1M to a data set for reranking.
//!
//! The log has neither lists nor candidates, so both are formed; `docs/converters.md` tells the same in the user's words, and the
//! conversion writes it beside the data. In short:
//!
//! 1. A user's last ratings of three stars or more, 36 % of them, are cut into lists in order of time; what was rated before
//!    is history.
//! 2. The other candidates are films that the user never rated, drawn in proportion to how often the history has them, so
//!    that popularity alone tells little.
//! 3. Features and the upstream score are made of the history alone; the score is the product of factors ([`factors`]).

mod factors;
mod log;
mod readme;

use std::path::Path;

use nar4rec_slate::{Candidate, Exposure, FeatureValue, Features, Feedback, Impression, Item, Request, User};
use rand::SeedableRng as _;
use rand::seq::{SliceRandom as _, index};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use crate::converted::{Folder, check_sizes, named, rounded};
use crate::{DataError, Split};
use factors::Factors;
use log::{Log, Person, Rating};

/// Stars of a film that somebody liked.
const LIKED: u8 = 4;
/// Stars of a film that somebody loved.
const LOVED: u8 = 5;

/// How lists and candidates are formed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MovieLensOptions {
    /// Decides the drawing and shuffling of candidates and where the factors begin.
    pub seed: u64,
    /// Shown films per list.
    pub slate: usize,
    /// Candidates per list, the shown ones among them.
    pub candidates: usize,
}

impl Default for MovieLensOptions {
    fn default() -> Self {
        Self { seed: 0, slate: 6, candidates: 50 }
    }
}

/// What a conversion read and wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MovieLensSummary {
    /// Ratings in the log.
    pub ratings: u64,
    /// Those of them that are history.
    pub history: u64,
    /// Users who rated.
    pub users: u64,
    /// Films that were rated, all of which are in the catalog.
    pub films: u64,
    /// Lists in the training split.
    pub train: u64,
    /// Lists in the validation split.
    pub valid: u64,
    /// Lists in the test split.
    pub test: u64,
    /// Shown films that were liked, over all lists.
    pub liked: u64,
    /// Shown films, over all lists.
    pub shown: u64,
}

impl MovieLensSummary {
    /// The number of lists.
    pub fn lists(&self) -> u64 {
        self.train + self.valid + self.test
    }

    /// The summary as text, several lines.
    pub fn to_text(&self) -> String {
        let Self { ratings, history, users, films, train, valid, test, liked, shown } = self;
        format!(
            "{ratings} ratings of {films} films by {users} users; {history} are history\n\
             {} lists: {train} train, {valid} valid, {test} test; {liked} of {shown} shown films liked\n",
            self.lists()
        )
    }
}

/// Converts the log in the folder `src`, with `ratings.dat`, `users.dat` and `movies.dat`, plain or compressed, into a data set in
/// `out`.
///
/// # Errors
/// If a file is missing, cannot be read or has a bad line, if no user has ratings enough for a list, if `out` already holds another
/// data set, or if it cannot be written.
pub fn convert_movielens(src: &Path, out: &Path, options: &MovieLensOptions) -> Result<MovieLensSummary, DataError> {
    check_sizes(options.slate, options.candidates)?;
    let log = Log::read(src)?;
    if log.people.iter().all(|person| person.later.len() < options.slate) {
        let problem = format!("no user has {} late ratings of three stars or more for a list", options.slate);
        return Err(DataError::Folder { folder: src.display().to_string(), problem });
    }
    let mut files = Folder::create(out)?;
    let mut rng = Pcg64Mcg::seed_from_u64(options.seed);
    let factors = Factors::of(&log, &mut rng);
    write_items(&log, &factors, &mut files)?;
    let mut summary = MovieLensSummary {
        ratings: log.people.iter().map(|person| person.ratings() as u64).sum(),
        history: log.people.iter().map(|person| person.history.len() as u64).sum(),
        users: log.people.len() as u64,
        films: log.films.len() as u64,
        ..Default::default()
    };
    Lists { log: &log, factors: &factors, options }.write(&mut rng, &mut files, &mut summary)?;
    files.finish(&readme::readme(options, &summary))?;
    Ok(summary)
}

fn write_items(log: &Log, factors: &Factors, files: &mut Folder) -> Result<(), DataError> {
    for (film, factors) in log.films.iter().zip(&factors.films) {
        let mean = film.stars as f64 / f64::from(film.ratings);
        let mut features = named([
            ("genres", film.genres.clone().into()),
            ("year", film.year.map_or(FeatureValue::Missing, |year| f64::from(year).into())),
            ("log_count", rounded(f64::from(film.ratings).ln_1p()).into()),
            ("mean_rating", if film.ratings > 0 { rounded(mean).into() } else { FeatureValue::Missing }),
        ]);
        features.extend(factors::named(factors));
        files.write_item(&Item { id: film.id.to_string(), features })?;
    }
    Ok(())
}

/// Makes lists of ratings.
struct Lists<'a> {
    log: &'a Log,
    factors: &'a Factors,
    options: &'a MovieLensOptions,
}

impl Lists<'_> {
    /// Writes the lists of all users: the last of each is test, the one before it valid.
    fn write(&self, rng: &mut Pcg64Mcg, files: &mut Folder, summary: &mut MovieLensSummary) -> Result<(), DataError> {
        for (person, factors) in self.log.people.iter().zip(&self.factors.people) {
            let lists: Vec<&[Rating]> = person.later.chunks_exact(self.options.slate).collect();
            let mut known = named([
                ("gender", person.gender.as_str().into()),
                ("age", person.age.as_str().into()),
                ("occupation", person.occupation.as_str().into()),
                ("log_history", rounded((person.wanted().count() as f64).ln_1p()).into()),
            ]);
            known.extend(factors::named(factors));
            let unrated = self.unrated(person);
            for (place, list) in lists.iter().enumerate() {
                let (split, count) = match lists.len() - place {
                    1 => (Split::Test, &mut summary.test),
                    2 => (Split::Valid, &mut summary.valid),
                    _ => (Split::Train, &mut summary.train),
                };
                *count += 1;
                summary.shown += list.len() as u64;
                summary.liked += list.iter().filter(|rating| rating.stars >= LIKED).count() as u64;
                let recent = lists[place.saturating_sub(2)..place].concat();
                let mut features = known.clone();
                features.insert("recent".to_owned(), self.liked(&recent).into());
                let id = format!("{}-{place}", person.id);
                files.write(split, &self.impression(id, person, (features, factors), (list, &unrated), rng))?;
            }
        }
        Ok(())
    }

    /// How often the history has each film, 0 of those that the user rated.
    fn unrated(&self, person: &Person) -> Vec<u32> {
        let mut weights: Vec<u32> = self.log.films.iter().map(|film| film.ratings).collect();
        person.history.iter().chain(&person.later).for_each(|rating| weights[rating.film] = 0);
        weights
    }

    /// The shown films and others, drawn by their weight, as many as are asked for or as there are, shuffled.
    fn candidates(&self, shown: Vec<usize>, weights: &[u32], rng: &mut Pcg64Mcg) -> Vec<usize> {
        let left = weights.iter().filter(|weight| **weight > 0).count();
        let others = left.min(self.options.candidates - shown.len());
        let drawn = index::sample_weighted(rng, weights.len(), |film| weights[film], others);
        let mut candidates = shown;
        candidates.extend(drawn.expect("there are so many films of a weight above 0"));
        candidates.shuffle(rng);
        candidates
    }

    /// The ids of the liked films.
    fn liked(&self, ratings: &[Rating]) -> Vec<String> {
        let liked = ratings.iter().filter(|rating| rating.stars >= LIKED);
        liked.map(|rating| self.log.films[rating.film].id.to_string()).collect()
    }

    fn impression(
        &self,
        id: String,
        person: &Person,
        (features, factors): (Features, &factors::Row),
        (list, unrated): (&[Rating], &[u32]),
        rng: &mut Pcg64Mcg,
    ) -> Impression {
        let shown: Vec<usize> = list.iter().map(|rating| rating.film).collect();
        let candidates = self.candidates(shown, unrated, rng);
        let candidate = |&film: &usize| Candidate {
            id: self.log.films[film].id.to_string(),
            score: Some(rounded(factors::product(factors, &self.factors.films[film]))),
            features: Features::new(),
        };
        let user = User { id: Some(person.id.to_string()), features };
        let request = Request::new(id, user, candidates.iter().map(candidate).collect());
        let request = request.expect("candidates are distinct").at(list[0].time);
        let exposure = |rating: &Rating| {
            let kinds = [("like", rating.stars >= LIKED), ("love", rating.stars >= LOVED)];
            let feedback: Feedback = kinds.map(|(kind, so)| (kind.to_owned(), f64::from(u8::from(so)))).into();
            let candidate = candidates.iter().position(|film| *film == rating.film);
            Exposure { candidate: candidate.expect("shown films are candidates"), feedback }
        };
        Impression::new(request, list.iter().map(exposure).collect()).expect("a user rates a film once")
    }
}

#[cfg(test)]
mod tests;
