use std::ops::Range;

use tch::{Kind, Tensor};

use crate::PatchesError;

/// Remembered patches in one product.
const BLOCK: usize = 4096;
/// Of a block, patches of which at first only the nearest is looked at.
const GROUP: usize = 32;

/// Remembered patches, and which of them are nearest.
///
/// # Formula
/// `|m|² − 2x·m` orders patches `m` as their distance to `x` does: the product of `[x, 1]` and `[−2m, |m|²]`,
/// in 32 bits. Of patches that these cannot tell apart any may count.
#[derive(Debug)]
pub(crate) struct Remembered {
    /// `[m, k + 1]`
    rows: Tensor,
}

/// The nearest remembered patches of some patches.
#[derive(Debug)]
pub(crate) struct Nearest {
    /// Squared distances less the squared length of the patch, `[q, K]`, rising; infinite where there are fewer.
    pub(crate) distances: Tensor,
    /// Their numbers, `[q, K]`.
    pub(crate) rows: Tensor,
}

impl Remembered {
    /// `patches`: `[m, k]`, at least one.
    pub(crate) fn new(patches: &Tensor) -> Result<Self, PatchesError> {
        let squares = patches.f_square()?;
        let squares = squares.f_sum_dim_intlist(1, true, Kind::Float)?;
        let rows = Tensor::f_cat(&[&patches.f_mul_scalar(-2.0)?, &squares], 1)?;
        Ok(Self { rows })
    }

    /// The same numbers, for another thread.
    pub(crate) fn share(&self) -> Self {
        let rows = self.rows.shallow_clone();
        Self { rows }
    }

    /// The patches as they were given, to the bit.
    pub(crate) fn patches(&self) -> Result<Tensor, PatchesError> {
        let k = self.rows.size()[1] - 1;
        Ok(self.rows.f_narrow(1, 0, k)?.f_mul_scalar(-0.5)?)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.size()[0] as usize
    }

    /// What there is to search in: all patches.
    pub(crate) fn all(&self) -> Vec<Range<usize>> {
        std::iter::once(0..self.len()).collect()
    }

    /// The `k` nearest to each row of `x`, `[q, width]`, among those of `ranges`, which are not empty; `apart`
    /// gives the image of every remembered patch, `[m]`, and of each row, `[q]`, and leaves out patches of a row's
    /// own image.
    pub(crate) fn nearest(
        &self,
        x: &Tensor,
        ranges: &[Range<usize>],
        k: usize,
        apart: Option<[&Tensor; 2]>,
    ) -> Result<Nearest, PatchesError> {
        let one = x.f_new_ones([x.size()[0], 1], (x.kind(), x.device()))?;
        let x = Tensor::f_cat(&[x, &one], 1)?;
        let mut best: Option<Nearest> = None;
        for range in ranges {
            for first in range.clone().step_by(BLOCK) {
                let len = BLOCK.min(range.end - first) as i64;
                let first = first as i64;
                let block = self.rows.f_narrow(0, first, len)?;
                let mut products = x.f_matmul(&block.f_tr()?)?; // [q, len]
                if let Some([theirs, own]) = apart {
                    let theirs = theirs.f_narrow(0, first, len)?;
                    let same = own.f_unsqueeze(1)?.f_eq_tensor(&theirs.f_unsqueeze(0)?)?;
                    products = products.f_masked_fill(&same, f64::INFINITY)?;
                }
                let found = smallest(&products, k as i64)?;
                let found = Nearest {
                    rows: found.rows.f_add_scalar(first)?,
                    ..found
                };
                best = Some(match best {
                    None => found,
                    Some(best) => nearer(&best, &found, k as i64)?,
                });
            }
        }
        best.ok_or_else(|| detector::DetectorError::method("no patches to compare with").into())
    }

    /// What each row of `x`, `[q, width]`, differs by from the mean of its nearest; not a number where there are
    /// none.
    pub(crate) fn deviations(&self, x: &Tensor, nearest: &Nearest) -> Result<Tensor, PatchesError> {
        let (q, k) = nearest.rows.size2()?;
        let width = self.rows.size()[1];
        let rows = self
            .rows
            .f_index_select(0, &nearest.rows.f_flatten(0, 1)?)?;
        let rows = rows.f_view([q, k, width])?.f_narrow(2, 0, width - 1)?;
        let is_there = nearest.distances.f_isfinite()?.f_to_kind(Kind::Float)?;
        let count = is_there.f_sum_dim_intlist(1, true, Kind::Float)?; // [q, 1]
        let weights = is_there.f_unsqueeze(2)?.f_mul_scalar(-0.5)?;
        let sum = rows.f_mul(&weights)?;
        let sum = sum.f_sum_dim_intlist(1, false, Kind::Float)?; // [q, width]
        Ok(x.f_sub(&sum.f_div(&count)?)?)
    }
}

/// The `k` smallest numbers of each row, `[q, n]`, rising, or all of them; with their columns.
///
/// Columns are in groups: those of one group stand `n / GROUP` apart, so that a group's smallest number is found
/// by whole rows of numbers at once. The `k` smallest numbers are in the `k` groups whose smallest are smallest.
fn smallest(x: &Tensor, k: i64) -> Result<Nearest, PatchesError> {
    let (q, n) = x.size2()?;
    let group = GROUP as i64;
    if n % group != 0 || n / group < 4 * k {
        let (distances, rows) = x.f_topk(k.min(n), 1, false, true)?;
        return Ok(Nearest { distances, rows });
    }
    let n_groups = n / group;
    let x = x.f_view([q, group, n_groups])?;
    let (_, groups) = x.f_amin([1], false)?.f_topk(k, 1, false, false)?; // [q, k]
    let places = groups.f_unsqueeze(1)?.f_expand([q, group, k], false)?;
    let candidates = x.f_gather(2, &places, false)?.f_view([q, group * k])?;
    let (distances, at) = candidates.f_topk(k, 1, false, true)?;
    // Candidate `at` is number `at / k` of the group `groups[at % k]`.
    let within = at.f_floor_divide_scalar(k)?.f_mul_scalar(n_groups)?;
    let group = groups.f_gather(1, &at.f_remainder(k)?, false)?;
    Ok(Nearest {
        distances,
        rows: within.f_add(&group)?,
    })
}

/// The `k` nearest of both.
fn nearer(a: &Nearest, b: &Nearest, k: i64) -> Result<Nearest, PatchesError> {
    let distances = Tensor::f_cat(&[&a.distances, &b.distances], 1)?;
    let rows = Tensor::f_cat(&[&a.rows, &b.rows], 1)?;
    let (distances, at) = distances.f_topk(k.min(distances.size()[1]), 1, false, true)?;
    Ok(Nearest {
        distances,
        rows: rows.f_gather(1, &at, false)?,
    })
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    fn random(shape: [i64; 2]) -> Tensor {
        Tensor::randn(shape, (Kind::Float, Device::Cpu))
    }

    /// The definition.
    fn brute(x: &Tensor, all: &Tensor, k: i64) -> (Tensor, Tensor) {
        let distances = Tensor::cdist(x, all, 2.0, 2);
        distances.topk(k, 1, false, true)
    }

    fn largest(x: &Tensor) -> f64 {
        x.abs().max().double_value(&[])
    }

    #[test]
    fn they_are_those_of_all_distances() {
        tch::manual_seed(5);
        for (m, k) in [(3, 5), (100, 3), (9000, 1), (9000, 3), (8192, 7)] {
            let (all, x) = (random([m, 6]), random([40, 6]));
            let remembered = Remembered::new(&all).unwrap();
            assert_eq!(remembered.patches().unwrap(), all);
            let found = remembered.nearest(&x, &remembered.all(), k, None).unwrap();
            let (distances, rows) = brute(&x, &all, (k as i64).min(m));
            assert_eq!(found.rows, rows, "{m} {k}");
            let squares = x.square().sum_dim_intlist(1, true, Kind::Float) + &found.distances;
            assert!(largest(&(squares.sqrt() - distances)) < 1e-3);
            let mean = all.index_select(0, &rows.flatten(0, 1));
            let mean = mean.view([40, -1, 6]).mean_dim(1, false, Kind::Float);
            let found = remembered.deviations(&x, &found).unwrap();
            assert!(largest(&(found - (x - mean))) < 1e-5);
        }
    }

    #[test]
    fn only_the_ranges_count() {
        tch::manual_seed(6);
        let (all, x) = (random([500, 4]), random([9, 4]));
        let remembered = Remembered::new(&all).unwrap();
        let found = remembered
            .nearest(&x, &[10..13, 100..240], 3, None)
            .unwrap();
        let some = Tensor::cat(&[all.narrow(0, 10, 3), all.narrow(0, 100, 140)], 0);
        let (_, rows) = brute(&x, &some, 3);
        let expected = (&rows + 10).where_self(&rows.lt(3), &(&rows + 97));
        assert_eq!(found.rows, expected);
    }

    #[test]
    fn patches_of_the_own_image_are_left_out() {
        let all = Tensor::from_slice(&[0.0f32, 1.0, 2.0, 10.0]).view([4, 1]);
        let remembered = Remembered::new(&all).unwrap();
        let images = Tensor::from_slice(&[0i64, 0, 1, 1]);
        let x = Tensor::from_slice(&[0.1f32, 9.0, 1.0]).view([3, 1]);
        let own = Tensor::from_slice(&[0i64, 1, 2]);
        let ranges = remembered.all();
        let found = remembered
            .nearest(&x, &ranges, 3, Some([&images, &own]))
            .unwrap();
        // 0.1 has 2 and 10, 9 has 0 and 1, the third image's patch all: 0, 1 and 2.
        let deviations = remembered.deviations(&x, &found).unwrap();
        let expected = Tensor::from_slice(&[0.1f32 - 6.0, 9.0 - 0.5, 0.0]).view([3, 1]);
        assert!(largest(&(deviations - expected)) < 1e-5);

        let alone = Tensor::from_slice(&[7i64, 7, 7, 7]);
        let own = Tensor::from_slice(&[7i64, 7, 7]);
        let found = remembered
            .nearest(&x, &ranges, 3, Some([&alone, &own]))
            .unwrap();
        let deviations = remembered.deviations(&x, &found).unwrap();
        assert!(deviations.isnan().all().int64_value(&[]) == 1);
    }
}
