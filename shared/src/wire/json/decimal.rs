//! Numbers with a fraction.
//!
//! The standard library reads them with a table of 10 KB and a path for the cases in which `f64` is not exact enough. What is
//! read here are temperatures, delays and vectors, for which it is: the nearest `f32`, or in one of a hundred million cases
//! its neighbour. Whatever an `f32` is written as comes back as the same.

/// The most that a number's digits are read as: more would not fit, and would say nothing more.
const MOST: u64 = 100_000_000_000_000_000;

/// The highest power of ten that an `f64` has exactly.
const EXACT: i32 = 22;

/// The powers beyond which every number of 18 digits is infinite, or nothing.
const FARTHEST: i32 = 400;

/// The value of a number as JSON writes it (RFC 8259, section 6), a leading zero aside.
pub(crate) fn decimal(text: &str) -> Option<f32> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let (digits, skipped) = read(whole, 0).filter(|_| !whole.is_empty())?;
    let (digits, beyond) = read(fraction, digits)?;
    let read = i32::try_from(fraction.len()).ok()?.saturating_sub(beyond);
    let value = scale(digits as f64, exponent.saturating_add(skipped).saturating_sub(read));
    Some(if unsigned.len() < text.len() { -value } else { value } as f32)
}

/// The digits behind those that have been read, as far as they are of use, and how many are not.
fn read(text: &str, mut digits: u64) -> Option<(u64, i32)> {
    let mut skipped = 0;
    for byte in text.bytes() {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        match digits < MOST {
            true => digits = digits * 10 + u64::from(digit),
            false => skipped += 1,
        }
    }
    Some((digits, skipped))
}

fn scale(mut value: f64, power: i32) -> f64 {
    let mut left = power.clamp(-FARTHEST, FARTHEST);
    while left != 0 && value != 0.0 {
        let step = left.clamp(-EXACT, EXACT);
        let factor = (0..step.abs()).fold(1.0, |factor, _| factor * 10.0);
        value = if step > 0 { value * factor } else { value / factor };
        left -= step;
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_what_the_standard_library_reads() {
        for text in [
            "0",
            "-0",
            "1",
            "0.1",
            "-2.5e-3",
            "1e3",
            "1E+3",
            "17.5",
            "0.0023064255",
            "123456789012345678901234567890",
            "3.4028235e38",
            "1e400",
            "1e-400",
            "1e2147483647",
            "0e2147483647",
            "0.000000000000000000000000000000000001",
            "1.00000000000000000000000000000000000001",
        ] {
            let (own, std) = (decimal(text).unwrap(), text.parse::<f32>().unwrap());
            assert_eq!(own.to_bits(), std.to_bits(), "{text}");
        }
        for text in ["", "x", "1x", "1.x", "1e", "1e1.5", "--1", "NaN", "inf"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_comes_back(bits: u32) {
            let number = f32::from_bits(bits);
            prop_assume!(number.is_finite());
            prop_assert_eq!(decimal(&number.to_string()).unwrap().to_bits(), number.to_bits());
            prop_assert_eq!(decimal(&format!("{number:e}")).unwrap().to_bits(), number.to_bits());
        }

        #[test]
        fn finer_numbers_are_rounded(bits: u64) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let (own, std) = (decimal(&number.to_string()).unwrap(), number as f32);
            prop_assert!(own.to_bits().abs_diff(std.to_bits()) <= 1, "{} {}", own, std);
        }
    }
}
