/// The largest groups of which every two belong together: no group is part of another.
///
/// Each group is ascending and the groups are in order. Bron & Kerbosch (1973) with pivots: 3^(n/3)
/// groups at worst, for 30 things below a second.
///
/// `together(i, j)` is asked with i < j only.
pub(super) fn maximal_cliques(
    things: usize,
    together: impl Fn(usize, usize) -> bool,
) -> Vec<Vec<usize>> {
    let neighbours: Vec<Vec<bool>> = (0..things)
        .map(|i| {
            (0..things)
                .map(|j| i != j && together(i.min(j), i.max(j)))
                .collect()
        })
        .collect();
    let mut found = Vec::new();
    grow(
        &neighbours,
        Vec::new(),
        (0..things).collect(),
        Vec::new(),
        &mut found,
    );
    found.iter_mut().for_each(|clique| clique.sort_unstable());
    found.sort_unstable();
    found
}

/// Adds to `found` the cliques that hold `clique`, some of `candidates` and none of `done`.
fn grow(
    neighbours: &[Vec<bool>],
    clique: Vec<usize>,
    mut candidates: Vec<usize>,
    mut done: Vec<usize>,
    found: &mut Vec<Vec<usize>>,
) {
    let of = |thing: usize, among: &[usize]| -> Vec<usize> {
        among
            .iter()
            .copied()
            .filter(|&other| neighbours[thing][other])
            .collect()
    };
    // Cliques without a neighbour of the pivot hold the pivot: only its strangers need a try.
    let everyone = candidates.iter().chain(&done).copied();
    let Some(pivot) = everyone.max_by_key(|&thing| of(thing, &candidates).len()) else {
        if !clique.is_empty() {
            found.push(clique);
        }
        return;
    };
    let strangers = candidates
        .iter()
        .copied()
        .filter(|&other| !neighbours[pivot][other]);
    for thing in strangers.collect::<Vec<_>>() {
        let larger = [&clique[..], &[thing]].concat();
        grow(
            neighbours,
            larger,
            of(thing, &candidates),
            of(thing, &done),
            found,
        );
        candidates.retain(|&other| other != thing);
        done.push(thing);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn chains_triangles_and_loners() {
        let of = |n, edges: &[(usize, usize)]| maximal_cliques(n, |i, j| edges.contains(&(i, j)));
        assert_eq!(of(3, &[(0, 1), (1, 2)]), [vec![0, 1], vec![1, 2]]);
        assert_eq!(of(4, &[(0, 1), (0, 2), (1, 2)]), [vec![0, 1, 2], vec![3]]);
        assert_eq!(of(0, &[]), Vec::<Vec<usize>>::new());
        // Every two of 30: one group, found at once.
        assert_eq!(
            maximal_cliques(30, |_, _| true),
            [(0..30).collect::<Vec<_>>()]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn equals_trying_all_subsets(n in 1..8usize, edges in any::<u64>()) {
            let together = |i: usize, j: usize| edges >> (i * 8 + j) & 1 == 1;
            let is_clique = |set: u32| {
                let in_set = |i: usize| set >> i & 1 == 1;
                (0..n).all(|i| (i + 1..n).all(|j| !(in_set(i) && in_set(j)) || together(i, j)))
            };
            let cliques: Vec<u32> = (1..1 << n).filter(|&set| is_clique(set)).collect();
            let largest = cliques.iter().filter(|&&set| {
                !cliques.iter().any(|&other| other != set && other & set == set)
            });
            let mut expected: Vec<Vec<usize>> = largest
                .map(|&set| (0..n).filter(|i| set >> i & 1 == 1).collect())
                .collect();
            expected.sort_unstable();
            prop_assert_eq!(maximal_cliques(n, together), expected);
        }
    }
}
