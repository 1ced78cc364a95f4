use std::fmt::Write;

use crate::summary::Figure;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 460.0;
/// Of the area that is drawn in; the names are right of it.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 660.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 400.0;

/// Apart for people who see few colours, too (Paul Tol's "muted"), and black for the last.
const COLOURS: [&str; 10] = [
    "#999999", "#882255", "#117733", "#44aa99", "#ddcc77", "#aa8800", "#aa4499", "#88ccee",
    "#332288", "#cc0000",
];

pub(crate) struct Line {
    pub(crate) name: &'static str,
    /// What is above which load.
    pub(crate) points: Vec<(f64, Figure)>,
}

/// The upright one.
pub(crate) struct Axis {
    title: &'static str,
    least: f64,
    most: f64,
    logarithmic: bool,
    ticks: Vec<f64>,
}

impl Axis {
    pub(crate) fn linear(title: &'static str, least: f64, most: f64, step: f64) -> Self {
        let ticks = (0..).map(|tick| least + f64::from(tick) * step);
        Self {
            title,
            least,
            most,
            logarithmic: false,
            ticks: ticks.take_while(|tick| *tick <= most).collect(),
        }
    }

    pub(crate) fn logarithmic(title: &'static str, least: f64, most: f64) -> Self {
        let ticks = (0..).map(|power| least * 10_f64.powi(power));
        let ticks = ticks.flat_map(|tick| [1.0, 2.0, 5.0].map(|times| tick * times));
        Self {
            title,
            least,
            most,
            logarithmic: true,
            ticks: ticks.take_while(|tick| *tick <= most).collect(),
        }
    }

    fn place(&self, value: f64) -> f64 {
        let value = value.clamp(self.least, self.most);
        let share = if self.logarithmic {
            (value / self.least).ln() / (self.most / self.least).ln()
        } else {
            (value - self.least) / (self.most - self.least)
        };
        BOTTOM - share * (BOTTOM - TOP)
    }
}

/// From 0.7 to 11 times the capacity, of which each doubling is as wide as the next.
fn across(load: f64) -> f64 {
    let (least, most) = (0.7_f64, 11.0_f64);
    LEFT + (load / least).ln() / (most / least).ln() * (RIGHT - LEFT)
}

/// A picture of its own, as text.
pub(crate) fn chart(title: &str, axis: &Axis, lines: &[Line]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    text(
        &mut svg,
        LEFT,
        22.0,
        "start",
        &format!("{title}: {}", axis.title),
    );
    for tick in &axis.ticks {
        let y = axis.place(*tick);
        stroke(&mut svg, [LEFT, y, RIGHT, y], "#dddddd");
        text(&mut svg, LEFT - 8.0, y + 4.0, "end", &tick.to_string());
    }
    for load in [0.8, 1.4, 2.0, 3.0, 10.0] {
        let x = across(load);
        stroke(&mut svg, [x, TOP, x, BOTTOM], "#dddddd");
        text(&mut svg, x, BOTTOM + 18.0, "middle", &format!("{load}x"));
    }
    text(
        &mut svg,
        (LEFT + RIGHT) / 2.0,
        BOTTOM + 42.0,
        "middle",
        "load, times the capacity",
    );
    for (at, line) in lines.iter().enumerate() {
        draw(&mut svg, axis, line, COLOURS[at % COLOURS.len()]);
        let y = TOP + 10.0 + 20.0 * at as f64;
        stroke(
            &mut svg,
            [RIGHT + 15.0, y, RIGHT + 40.0, y],
            COLOURS[at % COLOURS.len()],
        );
        text(&mut svg, RIGHT + 46.0, y + 4.0, "start", line.name);
    }
    svg + "</svg>\n"
}

/// The medians, and a bar from the least to the greatest.
fn draw(svg: &mut String, axis: &Axis, line: &Line, colour: &str) {
    let mut points = String::new();
    for (load, figure) in &line.points {
        let x = across(*load);
        let [middle, low, high] = [figure.median, figure.least, figure.most].map(|y| axis.place(y));
        let _ = write!(points, "{x:.1},{middle:.1} ");
        stroke(svg, [x, low, x, high], colour);
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{middle:.1}\" r=\"3\" fill=\"{colour}\"/>"
        );
    }
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
        points.trim_end()
    );
}

fn stroke(svg: &mut String, [x1, y1, x2, y2]: [f64; 4], colour: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"2\"/>"
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}
