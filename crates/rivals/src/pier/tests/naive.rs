//! The network and its loss once more, in f64, one number at a time.

use std::collections::BTreeMap;

use nar4rec_evaluator::Lists;
use nar4rec_features::{FeatureBatch, InputSpec};
use nar4rec_tensor::{ParameterSpec, Parameters};

use crate::pier::loss::Lessons;

/// Parameters by name, as rows.
pub(super) type Point = BTreeMap<String, Vec<Vec<f64>>>;

/// The parameters in f64.
pub(super) fn point(parameters: &Parameters) -> Point {
    let row = |row: &[f32]| row.iter().map(|x| f64::from(*x)).collect();
    let named =
        |(spec, values): (&ParameterSpec, &[f32])| (spec.name.clone(), values.chunks(spec.shape[1]).map(row).collect());
    parameters.iter().map(named).collect()
}

pub(super) fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// A network at a point, and its inputs.
pub(super) struct Naive<'a> {
    pub(super) point: &'a Point,
    pub(super) spec: &'a InputSpec,
    pub(super) batch: &'a FeatureBatch,
    pub(super) ranks: &'a [u32],
    /// Past items that count.
    pub(super) past: usize,
}

impl Naive<'_> {
    fn linear(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let bias = self.point.get(&format!("{name}.bias"));
        let rows = self.point[&format!("{name}.weight")].iter().enumerate();
        rows.map(|(o, w)| dot(w, x) + bias.map_or(0.0, |bias| bias[0][o])).collect()
    }

    fn layers(&self, name: &str, x: Vec<f64>) -> Vec<f64> {
        self.linear(&format!("{name}.hidden.0"), &x).into_iter().map(|x| x.max(0.0)).collect()
    }

    fn table(&self, table: usize) -> &[Vec<f64>] {
        &self.point[&format!("input.tables.{}", self.spec.tables[table].name)]
    }

    fn mean(&self, table: usize, ids: &[u32]) -> Vec<f64> {
        let of =
            |c: usize| ids.iter().map(|id| self.table(table)[*id as usize][c]).sum::<f64>() / ids.len().max(1) as f64;
        (0..self.spec.tables[table].dim).map(of).collect()
    }

    fn request(&self, row: usize) -> usize {
        self.batch.request_offsets.iter().rposition(|start| *start <= row).unwrap()
    }

    fn bag(&self, row: usize, bag: usize) -> Vec<f64> {
        self.mean(self.spec.candidate_bags[bag].table, self.batch.candidate_bags[bag].bag(row))
    }

    /// x of a row.
    fn state(&self, row: usize) -> Vec<f64> {
        let (spec, request) = (self.spec, self.request(row));
        let numbers = |all: &[f32], at: usize, width: usize| -> Vec<f64> {
            all[at * width..][..width].iter().map(|x| f64::from(*x)).collect()
        };
        let of_user = |bag: usize| self.mean(spec.user_bags[bag].table, self.batch.user_bags[bag].bag(request));
        let mut candidate = numbers(&self.batch.candidate_numbers, row, spec.candidate_numbers);
        (0..spec.candidate_bags.len()).for_each(|bag| candidate.extend(self.bag(row, bag)));
        for (user, item) in &spec.interactions {
            candidate.extend(of_user(*user).iter().zip(self.bag(row, *item)).map(|(u, c)| u * c));
        }
        let mut user = numbers(&self.batch.user_numbers, request, spec.user_numbers);
        (0..spec.user_bags.len()).for_each(|bag| user.extend(of_user(bag)));
        let sum = add(&self.linear("input.candidate", &candidate), &self.linear("input.user", &user));
        add(&sum, &self.point["ranks"][self.ranks[row] as usize])
    }

    fn tower(&self, row: usize) -> Vec<f64> {
        self.layers("tower", self.state(row).into_iter().map(|x| x.max(0.0)).collect())
    }

    /// The logit of every candidate by itself.
    pub(super) fn items(&self) -> Vec<f64> {
        (0..self.batch.rows()).map(|row| self.linear("item_head", &self.tower(row))[0]).collect()
    }

    /// The logit of every place of every list.
    pub(super) fn lists(&self, lists: &Lists) -> Vec<f64> {
        lists.segments().iter().flat_map(|places| self.list(&lists.rows()[places])).collect()
    }

    fn list(&self, list: &[u32]) -> Vec<f64> {
        let rows: Vec<usize> = list.iter().map(|row| *row as usize).collect();
        let mut inputs: Vec<Vec<f64>> =
            rows.iter().enumerate().map(|(j, row)| add(&self.tower(*row), &self.point["lists.places"][j])).collect();
        for field in 0..=self.spec.candidate_bags.len() {
            let value = |row: usize| if field == 0 { self.state(row) } else { self.bag(row, field - 1) };
            let name = format!("lists.fields.{field}");
            let places = &self.point[&format!("{name}.places")];
            let qkv = |(j, row): (usize, &usize)| add(&self.linear(&format!("{name}.qkv"), &value(*row)), &places[j]);
            let qkv: Vec<Vec<f64>> = rows.iter().enumerate().map(qkv).collect();
            let width = qkv.first().map_or(0, |row| row.len() / 3);
            let kv: Vec<Vec<f64>> = qkv.iter().map(|row| row[width..].to_vec()).collect();
            inputs.iter_mut().zip(&qkv).for_each(|(input, qkv)| input.extend(attention(&qkv[..width], &kv)));
        }
        if !self.spec.user_bags.is_empty() {
            for (input, row) in inputs.iter_mut().zip(&rows) {
                let ids = self.batch.user_bags[0].bag(self.request(*row));
                let vectors = ids[ids.len().saturating_sub(self.past)..].iter().map(|id| self.mean(0, &[*id]));
                let vectors = std::iter::once(self.mean(0, &[])).chain(vectors);
                let kv: Vec<Vec<f64>> = vectors.map(|e| self.linear("lists.interest.kv", &e)).collect();
                input.extend(attention(&self.linear("lists.interest.q", &self.tower(*row)), &kv));
            }
        }
        inputs.into_iter().map(|input| self.linear("lists.head", &self.layers("lists", input))[0]).collect()
    }

    /// The loss, given which lists are learned from.
    pub(super) fn loss(&self, lessons: &Lessons, targets: &[f32], [of_item, contrast, scale]: [f64; 3]) -> f64 {
        let (lists, items) = (self.lists(&lessons.lists), self.items());
        let requests = lessons.requests.iter().zip(self.batch.request_offsets.windows(2));
        let of_request = |(places, rows): (&crate::pier::loss::Places, &[usize])| {
            let p = |places: &std::ops::Range<usize>| mean(lists[places.clone()].iter().map(|z| sigmoid(*z)));
            let labelled = entropy(&lists[places.labelled.clone()], &lessons.labels[places.labelled.clone()]);
            let of_items = entropy(&items[rows[0]..rows[1]], &targets[rows[0]..rows[1]]);
            labelled + of_item * of_items - contrast * (p(&places.near) - p(&places.far))
        };
        scale * requests.map(of_request).sum::<f64>()
    }
}

/// The mean cross-entropy over what is known.
fn entropy(logits: &[f64], labels: &[f32]) -> f64 {
    let known = logits.iter().zip(labels).filter(|(_, y)| !y.is_nan());
    mean(known.map(|(z, y)| {
        let y = f64::from(*y);
        -y * sigmoid(*z).ln() - (1.0 - y) * (1.0 - sigmoid(*z)).ln()
    }))
}

fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0), |(sum, count), x| (sum + x, count + 1));
    sum / f64::from(count.max(1))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// What a query reads of keys and values side by side.
fn attention(q: &[f64], kv: &[Vec<f64>]) -> Vec<f64> {
    let scores: Vec<f64> = kv.iter().map(|kv| (dot(q, &kv[..q.len()]) / (q.len() as f64).sqrt()).exp()).collect();
    let total: f64 = scores.iter().sum();
    let read = |c: usize| scores.iter().zip(kv).map(|(score, kv)| score / total * kv[q.len() + c]).sum();
    (0..q.len()).map(read).collect()
}
