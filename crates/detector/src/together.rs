/// What `work` makes of those of `given` that are there, the errors in their places: `work` returns one result for each
/// of its inputs.
pub fn where_ok<S, T, E>(
    given: Vec<Result<S, E>>,
    work: impl FnOnce(Vec<S>) -> Vec<Result<T, E>>,
) -> Vec<Result<T, E>> {
    let mut there = Vec::new();
    let mut errors = Vec::with_capacity(given.len());
    for result in given {
        match result {
            Ok(input) => {
                there.push(input);
                errors.push(None);
            }
            Err(error) => errors.push(Some(error)),
        }
    }
    let mut made = work(there).into_iter();
    let in_place = |error| match error {
        Some(error) => Some(Err(error)),
        None => made.next(),
    };
    errors.into_iter().filter_map(in_place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_stay_in_their_places() {
        let given = vec![Ok(1), Err("two"), Ok(3), Err("four")];
        let work = |there: Vec<i32>| {
            assert_eq!(there, [1, 3]);
            vec![Ok(10), Err("three")]
        };
        let made = where_ok(given, work);
        assert_eq!(made, [Ok(10), Err("two"), Err("three"), Err("four")]);
        let all = where_ok(Vec::<Result<i32, ()>>::new(), |_| {
            Vec::<Result<i32, ()>>::new()
        });
        assert!(all.is_empty());
    }
}
