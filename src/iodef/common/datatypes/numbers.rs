//! Spelling of numbers: integers, decimals, floats, lists of ports. Called by `check` one level up; never allocates.

fn unsigned(value: &str) -> &str {
    value.strip_prefix(['+', '-']).unwrap_or(value)
}

fn all_digits(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// A sign and digits. Only the ten of ASCII: the type is defined without regular expressions.
pub(super) fn is_integer(value: &str) -> bool {
    all_digits(unsigned(value))
}

/// A sign, digits and at most one point; at least one digit.
pub(super) fn is_decimal(value: &str) -> bool {
    let value = unsigned(value);
    match value.split_once('.') {
        None => all_digits(value),
        Some((whole, fraction)) => {
            (whole.is_empty() || all_digits(whole))
                && (fraction.is_empty() || all_digits(fraction))
                && !(whole.is_empty() && fraction.is_empty())
        }
    }
}

/// A decimal with or without an exponent, or one of the three names. XML Schema 1.0 knows no `+INF`.
pub(super) fn is_float(value: &str) -> bool {
    if matches!(value, "INF" | "-INF" | "NaN") {
        return true;
    }
    match value.split_once(['e', 'E']) {
        None => is_decimal(value),
        Some((mantissa, exponent)) => is_decimal(mantissa) && is_integer(exponent),
    }
}

/// A float whose value exceeds zero. `NaN` exceeds nothing, and what is too small for a float is zero.
pub(super) fn is_positive_float(value: &str) -> bool {
    value == "INF" || (value != "NaN" && is_float(value) && value.parse::<f32>().is_ok_and(|number| number > 0.0))
}

/// `\d+(\-\d+)?(,\d+(\-\d+)?)*`, where `\d` is every decimal digit of Unicode (XML Schema part 2, appendix F.1.1).
pub(super) fn is_portlist(value: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.chars().all(is_decimal_digit);
    value.split(',').all(|item| match item.split_once('-') {
        None => number(item),
        Some((first, last)) => number(first) && number(last),
    })
}

/// The zeros of Unicode's sets of ten decimal digits (category Nd); each is followed by one to nine.
const ZEROS: [u32; 36] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
];

fn is_decimal_digit(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_digit();
    }
    let code = u32::from(c);
    let in_basic_plane = ZEROS.iter().any(|zero| (*zero..zero + 10).contains(&code));
    in_basic_plane || matches!(code, 0xFF10..=0xFF19 | 0x104A0..=0x104A9 | 0x1D7CE..=0x1D7FF)
}

/// The length of the longest run of digits; a decimal point does not end it.
pub(super) fn longest(text: &str) -> usize {
    let mut longest = 0usize;
    let mut run = 0usize;
    for c in text.chars() {
        if is_decimal_digit(c) {
            run += 1;
            longest = longest.max(run);
        } else if c != '.' {
            run = 0;
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::super::Simple;
    use super::super::tests::{right, wrong};

    #[test]
    fn integers_have_a_sign_and_digits_of_ascii() {
        right(Simple::Integer, &["0", "-0", "+007", "12345678901234567890", "-5"]);
        wrong(Simple::Integer, &["", "-", "+", "--5", "1.0", "1 2", "0x10", "1e5", "ten", "٣", "1,000"]);
    }

    #[test]
    fn decimals_have_at_most_one_point() {
        right(Simple::Decimal, &["0", "-1.5", "+.5", "5."]);
        wrong(Simple::Decimal, &["", ".", "+", "-", "1e5", "1,5", "NaN", "INF", "1.2.3", "+-1"]);
    }

    #[test]
    fn floats_have_exponents_and_three_names() {
        for simple in [Simple::Float, Simple::Double] {
            right(simple, &["0", "-0", "+1", ".5", "5.", "1e5", "1E-5", "-1.25e+10", "INF", "-INF", "NaN", "1e999999"]);
            let bad =
                ["", ".", "+", "e5", "1e", "1e5.0", "inf", "nan", "+INF", "+NaN", "0x1p3", "1.5f", "1 5", "Infinity"];
            wrong(simple, &bad);
        }
    }

    #[test]
    fn positive_floats_exceed_zero() {
        right(Simple::PositiveFloat, &["1", "0.1", "INF", "1e-40", "1e99", "+.5"]);
        wrong(Simple::PositiveFloat, &["0", "-0", "0.0e5", "-1", "-INF", "NaN", "", "1e-99", "ten", "1,5"]);
    }

    #[test]
    fn portlists_take_no_white_space() {
        right(Simple::Portlist, &["80", "1-2", "1,2,3", "1-2,4,5-6", "0", "99999", "0080", "٣-٤"]);
        wrong(Simple::Portlist, &["", "80,", ",80", "1--2", "1-", "-1", "1, 2", " 80", "a", "1-2-3", "½"]);
    }

    #[test]
    fn the_longest_run_of_digits_counts() {
        assert_eq!(super::longest("12,3456-7"), 4);
        assert_eq!(super::longest("12.345e6"), 5);
        assert_eq!(super::longest("-"), 0);
    }
}
