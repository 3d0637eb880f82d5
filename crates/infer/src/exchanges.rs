//! The neighbours of a list: what a step of local search chooses from (docs/method.md §5).

/// The lists next to a list, in memory that the next one uses again.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    list: Vec<usize>,
    /// Candidates that are not in the list, the likeliest at a place first.
    strangers: Vec<usize>,
    /// One after another.
    found: Vec<usize>,
}

impl Exchanges {
    /// Finds each list that differs from `list` in one item, or in the places of two, and that `keeps` what it must: place by place
    /// first those with another of the `candidates`, the `most` likeliest there by `log_probability` of candidate and place, then
    /// those with the item of a place below.
    pub(crate) fn find(
        &mut self,
        list: &[usize],
        candidates: impl Iterator<Item = usize>,
        most: usize,
        log_probability: impl Fn(usize, usize) -> f32,
        keeps: impl Fn(&[usize]) -> bool,
    ) {
        let Self { list: draft, strangers, found } = self;
        found.clear();
        draft.clear();
        draft.extend_from_slice(list);
        strangers.clear();
        strangers.extend(candidates.filter(|candidate| !draft.contains(candidate)));
        for place in 0..draft.len() {
            strangers.sort_unstable_by(|a, b| {
                log_probability(*b, place).total_cmp(&log_probability(*a, place)).then(a.cmp(b))
            });
            let (item, mut left) = (draft[place], most);
            for stranger in strangers.iter() {
                if left == 0 {
                    break;
                }
                draft[place] = *stranger;
                if keeps(draft) {
                    found.extend_from_slice(draft);
                    left -= 1;
                }
            }
            draft[place] = item;
            for below in place + 1..draft.len() {
                draft.swap(place, below);
                if keeps(draft) {
                    found.extend_from_slice(draft);
                }
                draft.swap(place, below);
            }
        }
    }

    /// The lists found.
    pub(crate) fn found(&self) -> impl ExactSizeIterator<Item = &[usize]> {
        // Nothing is next to an empty list.
        self.found.chunks_exact(self.list.len().max(1))
    }
}

#[cfg(test)]
mod tests {
    use nar4rec_slate::Permutation;

    use super::*;

    /// Another order of the candidates at each place.
    fn log_probability(candidate: usize, place: usize) -> f32 {
        -((20 - candidate - place) as f32 % 5.0)
    }

    fn next_to(list: &[usize], candidates: usize, most: usize, keeps: impl Fn(&[usize]) -> bool) -> Vec<Vec<usize>> {
        let mut exchanges = Exchanges::default();
        // Memory of another list is in it.
        exchanges.find(&[3, 1, 2], 0..9, 2, log_probability, |_| true);
        assert_eq!(exchanges.found().count(), 9);
        exchanges.find(list, 0..candidates, most, log_probability, keeps);
        exchanges.found().map(<[usize]>::to_vec).collect()
    }

    /// All lists of that many of the candidates.
    fn all(length: usize, candidates: usize) -> Vec<Vec<usize>> {
        (0..length).fold(vec![Vec::new()], |lists, _| {
            let longer = lists.iter().flat_map(|list| {
                let free = (0..candidates).filter(|candidate| !list.contains(candidate));
                free.map(|candidate| [list.as_slice(), &[candidate]].concat())
            });
            longer.collect()
        })
    }

    #[test]
    fn they_are_the_lists_one_exchange_away_and_each_comes_once() {
        for (list, candidates) in [(vec![2, 0, 4], 6), (vec![1], 4), (vec![0, 1, 2], 3), (vec![], 3)] {
            let is_next = |other: &Vec<usize>| {
                let changed: Vec<usize> = (0..list.len()).filter(|place| other[*place] != list[*place]).collect();
                match changed[..] {
                    [_] => true,
                    [a, b] => (other[a], other[b]) == (list[b], list[a]),
                    _ => false,
                }
            };
            let mut expected: Vec<Vec<usize>> = all(list.len(), candidates).into_iter().filter(is_next).collect();
            let mut found = next_to(&list, candidates, usize::MAX, |_| true);
            assert!(found.iter().all(|list| Permutation::new(list.clone(), candidates).is_ok()), "{list:?}");
            found.sort();
            expected.sort();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn of_the_others_the_likeliest_at_the_place_come_in() {
        let likeliest = |place: usize| {
            let mut strangers = [0, 1, 3, 5];
            strangers.sort_by(|a, b| log_probability(*b, place).total_cmp(&log_probability(*a, place)));
            strangers
        };
        let (first, second) = (likeliest(0), likeliest(1));
        assert_ne!(first[..2], second[..2]);
        let expected = [[first[0], 4], [first[1], 4], [4, 2], [2, second[0]], [2, second[1]]];
        assert_eq!(next_to(&[2, 4], 6, 2, |_| true), expected);
        assert_eq!(next_to(&[2, 4], 6, 0, |_| true), [[4, 2]]);
        // The next likeliest comes in for one that may not, and what is pinned stays.
        let keeps = |list: &[usize]| list[1] == 4 && list[0] != first[0];
        assert_eq!(next_to(&[2, 4], 6, 2, keeps), [[first[1], 4], [first[2], 4]]);
    }
}
