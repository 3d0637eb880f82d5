//! The upstream ranker: factors of users and films, by alternating least squares on the history (Hu, Koren, Volinsky,
//! *Collaborative Filtering for Implicit Feedback Datasets*, ICDM 2008).
//!
//! ```text
//! minimise  Σ_uf c_uf (p_uf − x_u·y_f)² + λ (Σ_u |x_u|² + Σ_f |y_f|²)      p = 1 if f was wanted by u, else 0
//!           c = 1 + α · stars / 5 of what was rated, 1 of the rest
//! x_u = (YᵀY + λI + Σ_f (c_uf − 1) y_f y_fᵀ)⁻¹ Σ_f c_uf p_uf y_f           over the rated f only; y_f likewise
//! ```

use nar4rec_slate::FeatureValue;
use rand::RngExt as _;
use rand_pcg::Pcg64Mcg;

use super::log::{Log, is_wanted};
use crate::converted::rounded;

/// Numbers of a user or a film.
const FACTORS: usize = 16;
/// α: what stars add to the confidence.
const CONFIDENCE: f64 = 10.0;
/// λ
const REGULARISATION: f64 = 0.5;
/// How often users and films are each solved for.
const SWEEPS: usize = 8;

/// The factors of a user or a film.
pub(super) type Row = [f64; FACTORS];

/// What was rated: whose, with how much more confidence than the rest, and whether it was wanted.
type Rated = Vec<(usize, f64, bool)>;

pub(super) struct Factors {
    /// In the order of [`Log::people`].
    pub(super) people: Vec<Row>,
    /// In the order of [`Log::films`].
    pub(super) films: Vec<Row>,
}

impl Factors {
    pub(super) fn of(log: &Log, rng: &mut Pcg64Mcg) -> Self {
        let mut by_person = vec![Rated::new(); log.people.len()];
        let mut by_film = vec![Rated::new(); log.films.len()];
        for (user, person) in log.people.iter().enumerate() {
            for rating in &person.history {
                let (more, wanted) = (CONFIDENCE * f64::from(rating.stars) / 5.0, is_wanted(rating));
                by_person[user].push((rating.film, more, wanted));
                by_film[rating.film].push((user, more, wanted));
            }
        }
        let mut people = Vec::new();
        let mut films: Vec<Row> =
            log.films.iter().map(|_| [(); FACTORS].map(|()| rng.random_range(-0.1..0.1))).collect();
        for _ in 0..SWEEPS {
            people = solved(&films, &by_person);
            films = solved(&people, &by_film);
        }
        Self { people, films }
    }
}

/// The factors of one side, those of the other given.
fn solved(other: &[Row], rated: &[Rated]) -> Vec<Row> {
    let mut all = [[0.0; FACTORS]; FACTORS];
    other.iter().for_each(|row| add_square(&mut all, row, 1.0));
    (0..FACTORS).for_each(|k| all[k][k] += REGULARISATION);
    let of = |rated: &Rated| {
        let (mut a, mut b) = (all, [0.0; FACTORS]);
        for &(place, more, wanted) in rated {
            add_square(&mut a, &other[place], more);
            if wanted {
                b.iter_mut().zip(&other[place]).for_each(|(b, y)| *b += (1.0 + more) * y);
            }
        }
        solution(a, b)
    };
    rated.iter().map(of).collect()
}

/// A += weight · r·rᵀ, in its lower triangle.
fn add_square(a: &mut [Row; FACTORS], row: &Row, weight: f64) {
    for (i, a) in a.iter_mut().enumerate() {
        let weighted = weight * row[i];
        a[..=i].iter_mut().zip(row).for_each(|(a, y)| *a += weighted * y);
    }
}

/// x with A·x = b, for a positive definite A of which the lower triangle is read: Cholesky's A = L·Lᵀ, then L·z = b and Lᵀ·x = z.
fn solution(mut a: [Row; FACTORS], mut b: Row) -> Row {
    for i in 0..FACTORS {
        for j in 0..=i {
            let sum = a[i][j] - (0..j).map(|k| a[i][k] * a[j][k]).sum::<f64>();
            a[i][j] = if i == j { sum.sqrt() } else { sum / a[j][j] };
        }
        b[i] = (b[i] - (0..i).map(|k| a[i][k] * b[k]).sum::<f64>()) / a[i][i];
    }
    for i in (0..FACTORS).rev() {
        b[i] = (b[i] - (i + 1..FACTORS).map(|k| a[k][i] * b[k]).sum::<f64>()) / a[i][i];
    }
    b
}

/// x_u·y_f
pub(super) fn product(x: &Row, y: &Row) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// As features.
pub(super) fn named(row: &Row) -> impl Iterator<Item = (String, FeatureValue)> {
    row.iter().enumerate().map(|(k, number)| (format!("als{k}"), rounded(*number).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_solves() {
        // B·Bᵀ + I is positive definite.
        let noise = |i: usize, j: usize| ((i * 31 + j * 17 + 5) % 23) as f64 / 23.0 - 0.5;
        let mut a = [[0.0; FACTORS]; FACTORS];
        (0..FACTORS).for_each(|k| a[k][k] = 1.0);
        for j in 0..FACTORS {
            add_square(&mut a, &std::array::from_fn(|i| noise(i, j)), 1.0);
        }
        let b: Row = std::array::from_fn(|i| noise(i, 40));
        let x = solution(a, b);
        for i in 0..FACTORS {
            let found: f64 = (0..FACTORS).map(|j| if j <= i { a[i][j] } else { a[j][i] } * x[j]).sum();
            assert!((found - b[i]).abs() < 1e-10, "{found} is not {}", b[i]);
        }
    }

    #[test]
    fn the_gradient_is_zero_at_the_solution() {
        // d/dx_u of the loss, over all films and not over the rated ones.
        let films: Vec<Row> =
            (0..30).map(|f| std::array::from_fn(|k| ((f * 7 + k * 13) % 11) as f64 / 11.0 - 0.5)).collect();
        let rated: Rated = vec![(3, 8.0, true), (4, 2.0, false), (20, 10.0, true)];
        let x = solved(&films, std::slice::from_ref(&rated))[0];
        for k in 0..FACTORS {
            let mut slope = REGULARISATION * x[k];
            for (f, y) in films.iter().enumerate() {
                let found = rated.iter().find(|(place, ..)| *place == f);
                let (more, wanted) = found.map_or((0.0, false), |&(_, more, wanted)| (more, wanted));
                slope -= (1.0 + more) * (f64::from(u8::from(wanted)) - product(&x, y)) * y[k];
            }
            assert!(slope.abs() < 1e-9, "{slope}");
        }
    }
}
