use tch::Tensor;

/// `x` with the channel as the fastest axis in memory: the same numbers, and no copy where it is so
/// already.
///
/// # Shapes
/// `[b, c, h, w]` → `[b, c, h, w]`.
pub(crate) fn channels_last(x: &Tensor) -> Tensor {
    x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn the_numbers_stay_and_a_second_time_costs_nothing() {
        let x = Tensor::arange(120, (Kind::Float, Device::Cpu)).view([2, 3, 4, 5]);
        let once = channels_last(&x);
        assert_eq!(once, x);
        assert_eq!(once.stride(), [60, 1, 15, 3]);
        assert_eq!(channels_last(&once).data_ptr(), once.data_ptr());
    }
}
