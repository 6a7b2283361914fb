//! Nearest centroid: exact sums, centred cosine, a temperature, a floor and a margin.
//!
//! A centroid is kept as an integer sum and a count, because float addition does not reverse exactly. Similarities
//! are cosines after the mean of the centroids has been subtracted: raw e5 cosines bunch up between 0.8 and 0.9.
//! Temperature and thresholds come from leave-one-out over the training rows; no test row is ever read.

use crate::embed::{DIMENSIONS, Vector, dot};

/// One unit of a fixed-point component: a million unit vectors stay far below the 63 bits.
const SCALE: f64 = (1u64 << 40) as f64;

/// Share of rightly recognised training rows that the similarity floor may reject, and that the margin may.
const REJECT_BY_FLOOR: f64 = 0.04;
const REJECT_BY_MARGIN: f64 = 0.04;

/// The sum of the vectors of one label, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    total: Box<[i64]>,
    count: u32,
}

impl Sum {
    fn empty() -> Self {
        Self {
            total: vec![0; DIMENSIONS].into(),
            count: 0,
        }
    }

    fn add(&mut self, vector: &Vector, sign: i64) {
        for (sum, value) in self.total.iter_mut().zip(vector.as_slice()) {
            *sum += sign * (f64::from(*value) * SCALE).round() as i64;
        }
    }

    /// The mean direction, of length 1; zeros where there is nothing.
    fn unit(&self) -> Vector {
        Vector::new(
            &self
                .total
                .iter()
                .map(|v| (*v as f64 / SCALE) as f32)
                .collect::<Vec<_>>(),
        )
    }
}

/// One label's place in a ranking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    pub label: usize,
    /// Centred cosine, -1..1.
    pub similarity: f32,
    /// Softmax over the labels at the fitted temperature, 0..1.
    pub probability: f64,
}

/// All labels that have examples, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking(Vec<Ranked>);

impl Ranking {
    pub fn best(&self, n: usize) -> &[Ranked] {
        &self.0[..n.min(self.0.len())]
    }

    /// Similarity of the best label, -1..1: the score that rejects.
    pub fn similarity(&self) -> f32 {
        self.0.first().map_or(-1.0, |r| r.similarity)
    }

    /// Similarity of the best label less that of the second.
    pub fn margin(&self) -> f64 {
        match self.0.as_slice() {
            [first, second, ..] => f64::from(first.similarity - second.similarity),
            [first] => f64::from(first.similarity),
            [] => 0.0,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    sums: Vec<Sum>,
    /// Derived from the sums: the mean of the centroids, and each centroid after subtracting it.
    mean: Vec<f32>,
    centred: Vec<Option<Vector>>,
    temperature: f64,
    floor: f32,
    margin: f64,
}

impl Head {
    /// Trains on `(label, vector)` rows, labels below `labels`.
    pub fn train(labels: usize, rows: &[(usize, &Vector)]) -> Self {
        let mut head = Self {
            sums: vec![Sum::empty(); labels],
            mean: vec![0.0; DIMENSIONS],
            centred: vec![None; labels],
            temperature: 0.05,
            floor: -1.0,
            margin: 0.0,
        };
        for (label, vector) in rows {
            head.sums[*label].add(vector, 1);
            head.sums[*label].count += 1;
        }
        head.derive();
        head.calibrate(rows);
        head
    }

    /// Adds one row; temperature and thresholds stay as trained.
    pub fn add(&mut self, label: usize, vector: &Vector) {
        self.sums[label].add(vector, 1);
        self.sums[label].count += 1;
        self.derive();
    }

    /// Takes back one row that was added.
    pub fn remove(&mut self, label: usize, vector: &Vector) {
        self.sums[label].add(vector, -1);
        self.sums[label].count -= 1;
        self.derive();
    }

    fn derive(&mut self) {
        let units: Vec<Option<Vector>> = self
            .sums
            .iter()
            .map(|s| (s.count > 0).then(|| s.unit()))
            .collect();
        let present = units.iter().flatten().count().max(1) as f32;
        self.mean = vec![0.0; DIMENSIONS];
        for unit in units.iter().flatten() {
            for (m, v) in self.mean.iter_mut().zip(unit.as_slice()) {
                *m += v / present;
            }
        }
        // With a single label nothing is left after centring, so it stays where it is.
        if present < 2.0 {
            self.mean.fill(0.0);
        }
        self.centred = units
            .into_iter()
            .map(|u| u.map(|u| self.centre(u.as_slice())))
            .collect();
    }

    fn centre(&self, values: &[f32]) -> Vector {
        Vector::new(
            &values
                .iter()
                .zip(&self.mean)
                .map(|(v, m)| v - m)
                .collect::<Vec<_>>(),
        )
    }

    /// All labels by similarity to `vector`.
    pub fn rank(&self, vector: &Vector) -> Ranking {
        let query = self.centre(vector.as_slice());
        let similarities = self
            .centred
            .iter()
            .enumerate()
            .filter_map(|(label, c)| {
                c.as_ref()
                    .map(|c| (label, dot(query.as_slice(), c.as_slice())))
            })
            .collect();
        self.ranking(similarities)
    }

    fn ranking(&self, mut similarities: Vec<(usize, f32)>) -> Ranking {
        similarities.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let best = similarities.first().map_or(0.0, |s| s.1);
        let weight = |s: f32| (f64::from(s - best) / self.temperature).exp();
        let total: f64 = similarities.iter().map(|(_, s)| weight(*s)).sum();
        let ranked = |(label, similarity): (usize, f32)| Ranked {
            label,
            similarity,
            probability: weight(similarity) / total,
        };
        Ranking(similarities.into_iter().map(ranked).collect())
    }

    /// Below the floor, or the second label is too near.
    pub fn rejects(&self, ranking: &Ranking) -> bool {
        ranking.similarity() < self.floor || ranking.margin() < self.margin
    }

    /// Fits temperature, floor and margin on rankings of each row by centroids that do not contain it.
    fn calibrate(&mut self, rows: &[(usize, &Vector)]) {
        let held_out: Vec<(usize, Vec<(usize, f32)>)> =
            rows.iter().filter_map(|row| self.leave_out(row)).collect();
        if held_out.is_empty() {
            return;
        }
        self.temperature = fit_temperature(&held_out);
        let right: Vec<Ranking> = held_out
            .into_iter()
            .map(|(label, similarities)| (label, self.ranking(similarities)))
            .filter(|(label, ranking)| ranking.best(1).first().is_some_and(|r| r.label == *label))
            .map(|(_, ranking)| ranking)
            .collect();
        self.floor = quantile(
            right.iter().map(|r| f64::from(r.similarity())).collect(),
            REJECT_BY_FLOOR,
        ) as f32;
        self.margin = quantile(
            right.iter().map(Ranking::margin).collect(),
            REJECT_BY_MARGIN,
        )
        .max(0.0);
    }

    /// The similarities of a row to all centroids, its own label's without it. `None` where it is its label's only row.
    fn leave_out(&self, (label, vector): &(usize, &Vector)) -> Option<(usize, Vec<(usize, f32)>)> {
        let mut own = self.sums[*label].clone();
        if own.count < 2 {
            return None;
        }
        own.add(vector, -1);
        let own = self.centre(own.unit().as_slice());
        let query = self.centre(vector.as_slice());
        let similarity = |l: usize, c: &Vector| {
            dot(
                query.as_slice(),
                if l == *label {
                    own.as_slice()
                } else {
                    c.as_slice()
                },
            )
        };
        let all = self
            .centred
            .iter()
            .enumerate()
            .filter_map(|(l, c)| c.as_ref().map(|c| (l, similarity(l, c))))
            .collect();
        Some((*label, all))
    }
}

/// The value below which `share` of `values` lie.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * share) as usize;
    values.get(at).copied().unwrap_or(-1.0)
}

/// The temperature with the least negative log-likelihood, by golden-section search over its logarithm.
fn fit_temperature(held_out: &[(usize, Vec<(usize, f32)>)]) -> f64 {
    let loss = |log_t: f64| -> f64 {
        let t = log_t.exp();
        held_out
            .iter()
            .map(|(label, similarities)| {
                let scaled = |s: f32| f64::from(s) / t;
                let top = similarities
                    .iter()
                    .map(|(_, s)| scaled(*s))
                    .fold(f64::MIN, f64::max);
                let total: f64 = similarities
                    .iter()
                    .map(|(_, s)| (scaled(*s) - top).exp())
                    .sum();
                let own = similarities
                    .iter()
                    .find(|(l, _)| l == label)
                    .map_or(top, |(_, s)| scaled(*s));
                total.ln() - (own - top)
            })
            .sum()
    };
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.005f64.ln(), 1f64.ln());
    for _ in 0..30 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if loss(a) < loss(b) { high = b } else { low = a }
    }
    f64::midpoint(low, high).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vector(seed: u64) -> Vector {
        let values: Vec<f32> = (0..DIMENSIONS as u64)
            .map(|i| {
                ((seed * 31 + i).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f32 / 8_388_608.0
                    - 1.0
            })
            .collect();
        Vector::new(&values)
    }

    proptest! {
        #[test]
        fn corrections_taken_back_in_any_order_leave_no_trace(order in Just((0..40u64).collect::<Vec<_>>()).prop_shuffle()) {
            let rows: Vec<Vector> = (0..20).map(vector).collect();
            let labelled: Vec<(usize, &Vector)> = rows.iter().enumerate().map(|(i, v)| (i % 4, v)).collect();
            let mut head = Head::train(4, &labelled);
            let before = head.clone();
            for i in 0..40 { head.add((i % 4) as usize, &vector(100 + i)); }
            for i in order { head.remove((i % 4) as usize, &vector(100 + i)); }
            prop_assert_eq!(head, before);
        }
    }

    #[test]
    fn the_nearest_centroid_leads_and_probabilities_sum_to_one() {
        let rows: Vec<Vector> = (0..6).map(vector).collect();
        let head = Head::train(6, &rows.iter().enumerate().collect::<Vec<_>>());
        let ranking = head.rank(&rows[3]);
        assert_eq!(ranking.best(1)[0].label, 3);
        assert!((ranking.best(6).iter().map(|r| r.probability).sum::<f64>() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_label_without_examples_is_never_chosen() {
        let rows: Vec<Vector> = (0..2).map(vector).collect();
        let head = Head::train(3, &[(0, &rows[0]), (2, &rows[1])]);
        assert!(head.rank(&vector(9)).best(3).iter().all(|r| r.label != 1));
    }
}
