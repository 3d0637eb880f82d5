//! The truth of a simulated log: what any list of any of its requests is worth, and the best that is possible.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use nar4rec_data::{DataError, JsonLines, Line, Split};
use nar4rec_slate::{InvalidRequest, Permutation};

use crate::query::{Query, QueryLine};
use crate::simulate::{DESCRIPTION, Description, FORMAT, TRUTH, query_of};
use crate::{KnownUser, NODE_LIMIT, Optimum, Regret, SimulationSummary, SimulatorConfig, SimulatorError, SplitBy};

/// The truth of a simulated log. Queries are named by their id or by that of any of their requests.
#[derive(Debug)]
pub struct Truth {
    config: SimulatorConfig,
    summary: SimulationSummary,
    user: KnownUser,
    queries: Vec<Known>,
    places: HashMap<String, usize>,
}

/// A query, and its best list once somebody asked for it.
#[derive(Debug)]
struct Known {
    query: Query,
    split: Option<Split>,
    optimum: OnceLock<Optimum>,
}

impl Truth {
    /// The truth in the folder that a simulation wrote.
    ///
    /// # Errors
    /// If the folder holds no simulation, or one of its files is damaged.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, SimulatorError> {
        let folder = folder.as_ref();
        let Description { config, summary, .. } = describe(folder)?;
        let user = KnownUser::new(config.user.clone())?;
        let lines = JsonLines::<QueryLine>::open(folder.join(format!("{TRUTH}.jsonl.gz")))?;
        let (mut queries, mut places) = (Vec::new(), HashMap::new());
        let (greatest, by) = (config.user.greatest_relevance, config.split);
        let checked =
            move |line: &Line<QueryLine>| check_split(&line.value, by).and_then(|()| check(&line.value, greatest));
        for line in lines.with_check(checked) {
            let QueryLine { query, split, candidates } = line?.value;
            places.insert(query.clone(), queries.len());
            queries.push(Known { query: Query::new(query, candidates), split, optimum: OnceLock::new() });
        }
        Ok(Self { config, summary, user, queries, places })
    }

    /// Every parameter of the simulation.
    pub fn config(&self) -> &SimulatorConfig {
        &self.config
    }

    /// What the simulation wrote.
    pub fn summary(&self) -> &SimulationSummary {
        &self.summary
    }

    /// The user.
    pub fn user(&self) -> &KnownUser {
        &self.user
    }

    /// The queries that a split has sessions of, in order: where a query's sessions are in all splits, all queries.
    pub fn queries(&self, split: Split) -> impl Iterator<Item = &Query> {
        self.queries.iter().filter(move |known| known.split.is_none_or(|only| only == split)).map(|known| &known.query)
    }

    /// The queries of all splits, each once, in order.
    pub fn all_queries(&self) -> impl Iterator<Item = &Query> {
        self.queries.iter().map(|known| &known.query)
    }

    /// A query with its candidates, which stand in the order of its requests.
    ///
    /// # Errors
    /// If there is no such query.
    pub fn query(&self, id: &str) -> Result<&Query, SimulatorError> {
        Ok(&self.known(id)?.query)
    }

    /// The expected utility of a list, exactly.
    ///
    /// # Errors
    /// If there is no such query, or the list has an item that is no candidate of it.
    pub fn utility(&self, id: &str, list: &Permutation) -> Result<f64, SimulatorError> {
        let query = self.query(id)?;
        query.checked(list.as_slice().to_vec())?;
        Ok(self.user.utility(query, list))
    }

    /// The best list of the log's length. It is searched for when it is first asked for, within [`NODE_LIMIT`] nodes.
    ///
    /// # Errors
    /// If there is no such query.
    pub fn optimum(&self, id: &str) -> Result<&Optimum, SimulatorError> {
        let known = self.known(id)?;
        Ok(known.optimum.get_or_init(|| self.user.optimum(&known.query, self.config.list_length, NODE_LIMIT)))
    }

    /// What a system lost that proposed some lists and chose one of them.
    ///
    /// # Errors
    /// If there is no such query, `chosen` is none of the lists, or one is no list of the query's candidates.
    pub fn regret(&self, id: &str, proposed: &[Permutation], chosen: usize) -> Result<Regret, SimulatorError> {
        let worth = proposed.iter().map(|list| self.utility(id, list)).collect::<Result<Vec<_>, _>>()?;
        self.regret_of(id, &worth, chosen)
    }

    /// The same where the proposed lists' utilities are known.
    ///
    /// # Errors
    /// If there is no such query, or `chosen` is none of the lists.
    pub fn regret_of(&self, id: &str, worth: &[f64], chosen: usize) -> Result<Regret, SimulatorError> {
        let best_proposed = worth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let Some(&chosen) = worth.get(chosen) else {
            return Err(SimulatorError::NotProposed { query: id.to_owned(), chosen, proposed: worth.len() });
        };
        let Optimum { utility, bound, .. } = self.optimum(id)?;
        let optimum = utility.max(best_proposed);
        Ok(Regret { optimum, bound: bound.max(optimum), best_proposed, chosen })
    }

    fn known(&self, id: &str) -> Result<&Known, SimulatorError> {
        let place = self.places.get(id).or_else(|| self.places.get(query_of(id)));
        place.map(|&place| &self.queries[place]).ok_or_else(|| SimulatorError::UnknownQuery(id.to_owned()))
    }
}

/// Reads `simulator.json`.
fn describe(folder: &Path) -> Result<Description, SimulatorError> {
    let file = folder.join(DESCRIPTION);
    let name = file.display().to_string();
    let text = fs::read_to_string(&file).map_err(|source| DataError::Open { file: name.clone(), source })?;
    let problem = |problem: String| SimulatorError::Description { file: name, problem };
    match serde_json::from_str::<Description>(&text) {
        Ok(description) if description.format == FORMAT => Ok(description),
        Ok(Description { format, .. }) => Err(problem(format!("format {format}, expected {FORMAT}"))),
        Err(error) => Err(problem(error.to_string())),
    }
}

/// Whether it names a split where queries are split, and only there.
fn check_split(line: &QueryLine, by: SplitBy) -> Result<(), InvalidRequest> {
    match (by, line.split) {
        (SplitBy::Queries, None) => Err(InvalidRequest::new("split", "missing, expected the query's split")),
        (SplitBy::Sessions, Some(split)) => Err(InvalidRequest::new(
            "split",
            format!("found \"{split}\", expected none, as every split has this query"),
        )),
        _ => Ok(()),
    }
}

/// Whether every candidate has a known grade and as many finite features as the first.
fn check(line: &QueryLine, greatest_relevance: u32) -> Result<(), InvalidRequest> {
    let width = line.candidates.first().map_or(0, |candidate| candidate.vector.len());
    for (place, candidate) in line.candidates.iter().enumerate() {
        let wrong =
            |field: &str, problem: String| Err(InvalidRequest::new(format!("candidates[{place}].{field}"), problem));
        if candidate.relevance > greatest_relevance {
            let problem = format!("found {}, expected a grade up to {greatest_relevance}", candidate.relevance);
            return wrong("relevance", problem);
        }
        if candidate.vector.len() != width || candidate.vector.iter().any(|value| !value.is_finite()) {
            return wrong("vector", format!("expected {width} finite numbers"));
        }
    }
    Ok(())
}
