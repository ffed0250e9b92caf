use std::cmp::Ordering;

/// Up to this many are kept sorted; of more, new ones are collected and selected from now and then, since an
/// insertion moves half of them.
const FEW: usize = 64;

/// The smallest items of a sequence.
pub(crate) struct Smallest<T> {
    k: usize,
    /// All of them, and at most `k` more.
    items: Vec<T>,
    /// An upper bound of the `k`-th smallest, once there are as many. With few it is the smallest itself.
    kth: Option<T>,
}

impl<T: PartialOrd + Copy> Smallest<T> {
    /// Of `k`, at least one.
    pub(crate) fn new(k: usize) -> Self {
        Self {
            k,
            items: Vec::with_capacity(k.min(FEW) + 1),
            kth: None,
        }
    }

    /// Of all items of a sequence, at least one, at once.
    pub(crate) fn of(k: usize, items: Vec<T>) -> Self {
        let mut all = Self {
            k,
            items,
            kth: None,
        };
        all.part();
        all
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.kth.is_some_and(|kth| item >= kth) {
            return;
        }
        if self.k <= FEW {
            let at = self.items.partition_point(|other| *other <= item);
            self.items.insert(at, item);
            self.items.truncate(self.k);
            self.kth = self.items.get(self.k - 1).copied();
            return;
        }
        self.items.push(item);
        if self.items.len() == self.k || self.items.len() == 2 * self.k {
            self.part();
        }
    }

    /// Leaves the `k` smallest and sets the bound.
    fn part(&mut self) {
        if self.items.len() < self.k {
            return;
        }
        self.items.select_nth_unstable_by(self.k - 1, order);
        self.items.truncate(self.k);
        self.kth = Some(self.items[self.k - 1]);
    }

    /// An upper bound of the `k`-th smallest, once there are as many.
    pub(crate) fn bound(&self) -> Option<T> {
        self.kth
    }

    /// The `k`-th smallest, or the largest where there are fewer.
    pub(crate) fn into_kth(mut self) -> Option<T> {
        if self.items.len() == self.k && self.kth.is_some() {
            return self.kth;
        }
        self.part();
        let largest = |a: T, b: &T| if order(&a, b).is_lt() { *b } else { a };
        let first = *self.items.first()?;
        Some(self.items.iter().fold(first, largest))
    }

    /// The smallest, ascending.
    pub(crate) fn into_sorted(mut self) -> Vec<T> {
        self.part();
        self.items.sort_unstable_by(order);
        self.items
    }
}

/// Of numbers that are not NaN.
fn order<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_the_head_of_the_sorted_sequence(
            items in prop::collection::vec(0u32..500, 1..700),
            k in prop::sample::select(vec![1usize, 5, FEW, FEW + 1, 150, 900]),
        ) {
            let pairs = || items.iter().copied().zip(0u32..);
            let mut sorted: Vec<(u32, u32)> = pairs().collect();
            sorted.sort_unstable();
            sorted.truncate(k);
            let fill = || {
                let mut smallest = Smallest::new(k);
                pairs().for_each(|pair| smallest.push(pair));
                smallest
            };
            prop_assert!(fill().bound().is_none_or(|bound| bound >= sorted[sorted.len() - 1]));
            prop_assert_eq!(Smallest::of(k, pairs().collect()).into_sorted(), sorted.clone());
            prop_assert_eq!(fill().into_kth(), sorted.last().copied());
            prop_assert_eq!(fill().into_sorted(), sorted);
        }
    }
}
