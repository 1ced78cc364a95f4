use carveout_extract::output::text::{self, Style};
use carveout_extract::report::Report;
use unicode_width::UnicodeWidthStr;

use super::sample;

fn text(report: &Report, width: usize) -> String {
    let style = Style {
        color: false,
        width,
        all: false,
    };
    text::report(report, style)
}

#[test]
fn the_first_screen_has_the_verdict() {
    let text = text(&sample::sample(), 80);
    let screen: Vec<_> = text.lines().take(24).collect();
    insta::assert_snapshot!(screen.join("\n"));
}

#[test]
fn everything_is_told() {
    let style = Style {
        color: false,
        width: 100,
        all: true,
    };
    insta::assert_snapshot!(text::report(&sample::sample(), style));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for report in [sample::sample(), sample::hostile(), sample::big()] {
        for width in [24, 40, 63, 64, 80, 120, 200] {
            for line in text(&report, width).lines() {
                assert!(line.width() <= width, "{width}: {line:?}");
            }
        }
    }
}

#[test]
fn a_narrow_terminal_loses_no_line_number() {
    let text = text(&sample::sample(), 40);
    assert!(text.contains("src/mail.rs:240"), "{text}");
    assert!(text.contains("that need an edit first"), "{text}");
}

#[test]
fn names_do_not_drive_the_terminal() {
    let text = text(&sample::hostile(), 80);
    let bad = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!text.contains(bad), "{text:?}");
}

#[test]
fn colour_is_all_that_colour_adds() {
    let plain = text(&sample::sample(), 80);
    let style = Style {
        color: true,
        width: 80,
        all: false,
    };
    let colored = text::report(&sample::sample(), style);
    assert_ne!(colored, plain);
    let mut stripped = String::new();
    let mut parts = colored.split('\u{1b}');
    stripped.push_str(parts.next().unwrap());
    for part in parts {
        stripped.push_str(part.split_once('m').unwrap().1);
    }
    assert_eq!(stripped, plain);
}

#[test]
fn what_is_guessed_says_so_before_any_number() {
    let report = sample::hostile();
    let text = text(&report, 80);
    let said = text.find("approximate").unwrap();
    assert!(said < text.find("functions are used").unwrap(), "{text}");
}

#[test]
fn a_cut_list_says_how_much_is_left() {
    let report = sample::big();
    let cut = text(&report, 80);
    assert!(cut.contains("more places"), "{cut}");
    assert!(cut.contains("--all"), "{cut}");
    let style = Style {
        color: false,
        width: 80,
        all: true,
    };
    let all = text::report(&report, style);
    assert!(!all.contains("more place"), "{all}");
    let listed = all.matches("feature_299, handle").count();
    assert_eq!(listed, 6);
}
