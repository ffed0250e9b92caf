//! Which training patches are taken, decided by the seed and the numbers of images and places alone.

use rand::seq::index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use training::splitmix64;

/// Of each image the places of some of its patches, rising.
pub(crate) type Chosen = Vec<Vec<i64>>;

/// Streams of random numbers.
const REMEMBERED: u64 = 1;
const DRAWN: u64 = 2;

/// About `count` patches of `n` images with a grid of places each, as many of each image as of the others, spread
/// over it.
///
/// Patches close by are alike, and two of them tell little more than one. So an image's places are gone through along
/// a curve that keeps close what is close (Z-order, Morton 1966), cut into stretches of equal length, and one place is
/// drawn of each: of a quarter of the places, one of every square of 2 × 2 where the sides are powers of two.
pub(crate) fn of_each_image(n: usize, grid: [usize; 2], count: usize, seed: u64) -> Chosen {
    let curve = curve(grid);
    let p = curve.len();
    let places = |image| {
        let count = quota(image, n, count).min(p);
        let mut random = stream(seed, REMEMBERED, image);
        let one = |i| curve[random.random_range(i * p / count..(i + 1) * p / count)];
        let mut places: Vec<i64> = (0..count).map(one).collect();
        places.sort_unstable();
        places
    };
    (0..n).map(places).collect()
}

/// About `count` patches of `n` images with `p` places each, as many of each place as of the others and at least
/// one.
pub(crate) fn of_each_place(n: usize, p: usize, count: usize, seed: u64) -> Chosen {
    let mut chosen = vec![Vec::new(); n];
    for place in 0..p {
        let count = quota(place, p, count).max(1);
        for image in sorted(n, count, stream(seed, REMEMBERED, place)) {
            chosen[image as usize].push(place as i64);
        }
    }
    chosen
}

/// `count` of all patches, or all of them.
pub(crate) fn drawn(n: usize, p: usize, count: usize, seed: u64) -> Chosen {
    let mut chosen = vec![Vec::new(); n];
    for patch in sorted(n * p, count, stream(seed, DRAWN, 0)) {
        let patch = patch as usize;
        chosen[patch / p].push((patch % p) as i64);
    }
    chosen
}

/// The places of a grid along a Z-order curve.
fn curve([rows, columns]: [usize; 2]) -> Vec<i64> {
    let bit = |x: usize, bit: u32| (x as u64 >> bit) & 1;
    let code = |row: usize, column: usize| -> u64 {
        let pair = |i| (bit(row, i) << (2 * i + 1)) | (bit(column, i) << (2 * i));
        (0..32).map(pair).sum()
    };
    let mut places: Vec<i64> = (0..(rows * columns) as i64).collect();
    places.sort_by_cached_key(|place| code(*place as usize / columns, *place as usize % columns));
    places
}

/// The share of number `i` of `n` where `count` are spread evenly.
fn quota(i: usize, n: usize, count: usize) -> usize {
    let until = |i: usize| (i as u128 * count as u128 / n as u128) as usize;
    until(i + 1) - until(i)
}

fn stream(seed: u64, purpose: u64, index: usize) -> ChaCha8Rng {
    let words = [purpose, index as u64];
    ChaCha8Rng::seed_from_u64(words.into_iter().fold(seed, splitmix64))
}

/// `count` of the numbers below `n`, or all, rising.
fn sorted(n: usize, count: usize, mut random: ChaCha8Rng) -> Vec<i64> {
    let mut numbers = index::sample(&mut random, n, count.min(n)).into_vec();
    numbers.sort_unstable();
    numbers.into_iter().map(|number| number as i64).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn counts_are_spread_evenly() {
        let images = of_each_image(7, [10, 10], 33, 1);
        let counts: Vec<usize> = images.iter().map(Vec::len).collect();
        assert_eq!(counts.iter().sum::<usize>(), 33);
        assert!(counts.iter().all(|count| [4, 5].contains(count)));
        assert!(images.iter().all(|places| places.is_sorted()));
        assert_ne!(images[0], images[1]);

        let places = of_each_place(10, 6, 18, 1);
        for place in 0..6 {
            let with = places.iter().filter(|of| of.contains(&place)).count();
            assert_eq!(with, 3);
        }
        // Every place has one, however few are asked for.
        let few = of_each_place(10, 6, 1, 1);
        assert_eq!(few.iter().map(Vec::len).sum::<usize>(), 6);
    }

    #[test]
    fn of_an_image_one_patch_of_every_square_is_taken() {
        let images = of_each_image(3, [8, 16], 3 * 32, 5);
        for places in &images {
            let square = |place: &i64| (place / 16 / 2, place % 16 / 2);
            let squares: BTreeSet<_> = places.iter().map(square).collect();
            assert_eq!((places.len(), squares.len()), (32, 32));
        }
        assert_ne!(images[0], images[1]);
        // Whatever the sides, each place is taken at most once, and all are where all are asked for.
        for (count, taken) in [(4, 4), (14, 14), (15, 15), (99, 15)] {
            let places = &of_each_image(1, [3, 5], count, 5)[0];
            let apart: BTreeSet<_> = places.iter().collect();
            assert_eq!((places.len(), apart.len()), (taken, taken));
            assert!(places.iter().all(|place| (0..15).contains(place)));
        }
    }

    #[test]
    fn draws_are_apart_from_what_is_remembered_and_never_more_than_all() {
        let patches = |chosen: &Chosen| chosen.iter().map(Vec::len).sum::<usize>();
        assert_eq!(patches(&drawn(4, 10, 13, 2)), 13);
        assert_eq!(patches(&drawn(4, 10, 1000, 2)), 40);
        assert_eq!(drawn(4, 10, 13, 2), drawn(4, 10, 13, 2));
        assert_ne!(drawn(4, 10, 13, 2), drawn(4, 10, 13, 3));
        assert_ne!(drawn(1, 1000, 10, 2), of_each_image(1, [10, 100], 10, 2));
    }
}
