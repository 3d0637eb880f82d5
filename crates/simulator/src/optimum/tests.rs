//! Tests of `optimum`.

use proptest::prelude::*;

use super::*;
use crate::made;

/// The value of a prefix and what its completions can add at most, from their definitions.
fn bound(problem: &Problem<'_>, prefix: &[usize]) -> f64 {
    let mut fatigue = vec![0.0; problem.candidates()];
    let mut taken = vec![false; problem.candidates()];
    for &item in prefix {
        let before = fatigue.clone();
        problem.append(item, &before, &mut fatigue);
        taken[item] = true;
    }
    problem.value(prefix) + problem.rest(prefix.len(), &fatigue, &taken, &mut Vec::new())
}

/// The best completion of each prefix, checked against its bound; returns it.
fn check_bounds(user: &KnownUser, problem: &Problem<'_>, prefix: &mut Vec<usize>) -> f64 {
    let best = if prefix.len() == problem.length() {
        let list = Permutation::new(prefix.clone(), problem.candidates()).unwrap();
        user.utility(problem.query, &list)
    } else {
        let mut best = 0.0_f64;
        for item in 0..problem.candidates() {
            if !prefix.contains(&item) {
                prefix.push(item);
                best = best.max(check_bounds(user, problem, prefix));
                prefix.pop();
            }
        }
        best
    };
    let bound = bound(problem, prefix);
    assert!(bound >= best * (1.0 - TOLERANCE), "{prefix:?}: bound {bound}, best completion {best}");
    if prefix.len() + 1 >= problem.length() {
        assert!(bound <= best * (1.0 + TOLERANCE), "{prefix:?}: bound {bound} is not reached by {best}");
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn branch_and_bound_finds_what_trying_all_finds(query in made::query(0..=7), user in made::user(), length in 0_usize..=5) {
        let exact = user.exhaustive_optimum(&query, length);
        let found = user.optimum(&query, length, u64::MAX);
        prop_assert!(found.is_proven());
        prop_assert_eq!(found.list.len(), length.min(query.candidates()));
        prop_assert!((found.utility - exact.utility).abs() <= 2.0 * TOLERANCE * exact.utility, "{:?} {:?}", found, exact);
    }

    #[test]
    fn no_completion_is_worth_more_than_the_bound_of_its_prefix(query in made::query(1..=6), user in made::user(), length in 1_usize..=4) {
        check_bounds(&user, &Problem::new(&user, &query, length), &mut Vec::new());
    }

    #[test]
    fn a_search_that_is_cut_short_says_what_is_still_possible(query in made::query(5..=7), user in made::user(), limit in 0_u64..20) {
        let exact = user.exhaustive_optimum(&query, 4);
        let found = user.optimum(&query, 4, limit);
        prop_assert!(found.bound >= exact.utility * (1.0 - TOLERANCE));
        prop_assert!(found.utility <= exact.utility * (1.0 + TOLERANCE));
        if found.is_proven() {
            prop_assert!(found.utility >= exact.utility * (1.0 - 2.0 * TOLERANCE));
        }
    }
}

#[test]
fn without_fatigue_the_best_list_is_sorted_by_relevance() {
    let mut config = crate::UserConfig::default();
    config.fatigue.strength = 0.0;
    let user = KnownUser::new(config).unwrap();
    let candidate = |at: u32| crate::TrueCandidate { id: at.to_string(), relevance: at % 3, vector: vec![1.0] };
    let query = Query::new("q", (0..40).map(candidate).collect());
    let found = user.optimum(&query, 6, u64::MAX);
    assert!(found.is_proven() && found.nodes < 1000, "{found:?}");
    assert!(found.list.iter().all(|item| query.relevance()[item] == 2));
}
