/// The smallest pairs of a sequence, ascending.
pub(crate) struct Smallest<T> {
    k: usize,
    items: Vec<T>,
}

impl<T: PartialOrd + Copy> Smallest<T> {
    /// Of at least one pair.
    pub(crate) fn new(k: usize) -> Self {
        Self {
            k,
            items: Vec::with_capacity(k + 1),
        }
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.items.len() < self.k || self.items.last().is_some_and(|last| item < *last) {
            let at = self.items.partition_point(|other| *other <= item);
            self.items.insert(at, item);
            self.items.truncate(self.k);
        }
    }

    /// The `k`-th smallest, once there are as many.
    pub(crate) fn kth(&self) -> Option<T> {
        self.items.get(self.k - 1).copied()
    }

    pub(crate) fn into_items(self) -> Vec<T> {
        self.items
    }
}
