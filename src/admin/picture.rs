//! A text as a QR code (ISO/IEC 18004), to be photographed with a telephone: as the path of an SVG for a page, as lines of
//! blocks for a terminal. The page of the first sign-in and `ridd operator reset --totp` show the secret of one-time codes so.

use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around the code (ISO/IEC 18004 §5.3.8).
const QUIET: usize = 4;

/// A QR code, square.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Modules in a row, with the white around.
    pub(crate) side: usize,
    /// Row by row, whether each module is dark; without the white around.
    dark: Vec<bool>,
}

/// Without the code: it may be a secret.
impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("side", &self.side).finish_non_exhaustive()
    }
}

impl Picture {
    /// Of that text; nothing if it is too long for a code (about 2,000 bytes).
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let side = code.width() + 2 * QUIET;
        Some(Self { side, dark: code.into_colors().into_iter().map(|color| color == Color::Dark).collect() })
    }

    /// Whether the module there is dark; those around are not.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inner = self.side - 2 * QUIET;
        match (x.checked_sub(QUIET), y.checked_sub(QUIET)) {
            (Some(x), Some(y)) if x < inner => self.dark.get(y * inner + x).copied().unwrap_or(false),
            _ => false,
        }
    }

    /// The dark modules as the `d` of an SVG path, each one unit wide.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for y in 0..self.side {
            for x in (0..self.side).filter(|x| self.is_dark(*x, y)) {
                path += &format!("M{x} {y}h1v1h-1z");
            }
        }
        path
    }

    /// For a terminal: two rows in each line, and blocks where it is light, as most terminals are dark.
    pub(crate) fn lines(&self) -> String {
        let mut text = String::new();
        for y in (0..self.side).step_by(2) {
            for x in 0..self.side {
                text.push(match (self.is_dark(x, y), self.is_dark(x, y + 1)) {
                    (false, false) => '█',
                    (false, true) => '▀',
                    (true, false) => '▄',
                    (true, true) => ' ',
                });
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_marks_and_white_around() {
        let picture = Picture::of("otpauth://totp/node.example%3Aann?secret=ABC&issuer=node.example").unwrap();
        // A finder pattern: seven dark, below them one dark, five light, one dark.
        let mark = |x, y| if picture.is_dark(QUIET + x, QUIET + y) { '#' } else { '.' };
        let row = |y: usize| (0..8).map(|x| mark(x, y)).collect::<String>();
        assert_eq!([row(0), row(1)], ["#######.", "#.....#."]);
        for at in 0..picture.side {
            for edge in [0, 3, picture.side - 1] {
                assert!(!picture.is_dark(at, edge) && !picture.is_dark(edge, at));
            }
        }
        let dark = picture.dark.iter().filter(|dark| **dark).count();
        assert_eq!(picture.path().matches('M').count(), dark);
        let lines = picture.lines();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines.len(), picture.side.div_ceil(2));
        assert!(lines.iter().all(|line| line.chars().count() == picture.side));
        assert_eq!(lines[2].chars().skip(QUIET).take(8).collect::<String>(), " ▄▄▄▄▄ █");
        assert!(Picture::of(&"x".repeat(4_000)).is_none());
        assert!(!format!("{picture:?}").contains("dark"), "it may be a secret");
    }
}
