//! Curves as SVG. Colours of the roles are those of Okabe and Ito, told apart without colour by the dashes of the student alone; all other
//! ink is `currentColor`, so that the page's light or dark scheme decides it.

use std::ops::Range;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::train::Role;

/// One curve: the role decides how it looks.
pub struct Curve {
    pub role: Role,
    pub points: Vec<(f64, f64)>,
}

/// A curve in the midst of a band: step, mean, and how far the band reaches to both sides.
pub struct Band {
    pub role: Role,
    pub points: Vec<(f64, f64, f64)>,
}

/// The two students of a seed.
pub struct Pair {
    pub name: String,
    pub alone: f64,
    pub distilled: f64,
}

const SIZE: (u32, u32) = (640, 300);

/// Colour of a role.
pub fn colour(role: Role) -> RGBColor {
    match role {
        Role::Teacher => RGBColor(0x00, 0x72, 0xB2),
        Role::Alone => RGBColor(0xD5, 0x5E, 0x00),
        Role::Distilled => RGBColor(0x00, 0x9E, 0x73),
    }
}

/// Curves over steps as an `<svg>`; `None` when there is nothing to draw.
pub fn curves(title: &str, y_name: &str, curves: &[Curve], percent: bool) -> Option<String> {
    let all = || curves.iter().flat_map(|curve| &curve.points).copied().filter(|(x, y)| x.is_finite() && y.is_finite());
    let right = all().map(|(x, _)| x).reduce(f64::max)?.max(1.0);
    let axes = Axes {
        x: 0.0..right,
        x_name: "steps",
        y: heights(all().map(|(_, y)| y), percent)?,
        y_name,
        percent,
        labels: &|value| short(*value),
    };
    axes.draw(title, |chart| {
        for curve in curves {
            chart.draw_series(LineSeries::new(curve.points.iter().copied(), colour(curve.role).stroke_width(2)))?;
        }
        Ok(())
    })
}

/// Curves over steps in the midst of their bands.
pub fn bands(title: &str, y_name: &str, bands: &[Band], percent: bool) -> Option<String> {
    let all =
        || bands.iter().flat_map(|band| &band.points).copied().filter(|(x, y, half)| x.is_finite() && y.is_finite() && half.is_finite());
    let right = all().map(|(x, ..)| x).reduce(f64::max)?.max(1.0);
    let y = heights(all().flat_map(|(_, y, half)| [y - half, y + half]), percent)?;
    let (low, high) = (y.start, y.end);
    let axes = Axes { x: 0.0..right, x_name: "steps", y, y_name, percent, labels: &|value| short(*value) };
    axes.draw(title, |chart| {
        for Band { role, points } in bands {
            let upper = points.iter().map(|(x, y, half)| (*x, (y + half).min(high)));
            let lower = points.iter().rev().map(|(x, y, half)| (*x, (y - half).max(low)));
            chart.draw_series([Polygon::new(upper.chain(lower).collect::<Vec<_>>(), colour(*role).mix(0.2).filled())])?;
            chart.draw_series(LineSeries::new(points.iter().map(|(x, y, _)| (*x, *y)), colour(*role).stroke_width(2)))?;
        }
        Ok(())
    })
}

/// Two dots for every seed and a line between them.
pub fn pairs(title: &str, y_name: &str, pairs: &[Pair], percent: bool) -> Option<String> {
    let y = heights(pairs.iter().flat_map(|pair| [pair.alone, pair.distilled]).filter(|y| y.is_finite()), percent)?;
    // Room for the names under the lowest dot.
    let floor = (y.start - 0.1 * (y.end - y.start)).max(0.0);
    let y = floor..y.end;
    let axes = Axes { x: -0.5..pairs.len() as f64 - 0.5, x_name: "seed", y, y_name, percent, labels: &|_| String::new() };
    axes.draw(title, |chart| {
        for (at, pair) in pairs.iter().enumerate() {
            let [alone, distilled] = [(at as f64, pair.alone), (at as f64, pair.distilled)];
            chart.draw_series([PathElement::new(vec![alone, distilled], BLACK.mix(0.4))])?;
            chart.draw_series([Circle::new(alone, 5, colour(Role::Alone).stroke_width(2))])?;
            chart.draw_series([Circle::new(distilled, 5, colour(Role::Distilled).filled())])?;
            let name = ("sans-serif", 13).into_font().color(&BLACK).pos(Pos::new(HPos::Center, VPos::Bottom));
            chart.draw_series([Text::new(pair.name.clone(), (at as f64, floor), name)])?;
        }
        Ok(())
    })
}

/// Where all values have room.
fn heights(values: impl Iterator<Item = f64> + Clone, percent: bool) -> Option<Range<f64>> {
    let (low, high) = (values.clone().reduce(f64::min)?, values.reduce(f64::max)?);
    let margin = ((high - low) * 0.05).max(1e-3);
    let top = if percent { (high + margin).min(1.0) } else { high + margin };
    Some((low - margin).max(0.0)..top)
}

struct Axes<'a> {
    x: Range<f64>,
    x_name: &'a str,
    y: Range<f64>,
    y_name: &'a str,
    percent: bool,
    labels: &'a dyn Fn(&f64) -> String,
}

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

impl Axes<'_> {
    /// An `<svg>` of what `fill` draws between the axes.
    fn draw(self, title: &str, fill: impl FnOnce(&mut Chart) -> Drawn) -> Option<String> {
        let mut svg = String::new();
        self.drawn(&mut svg, fill).ok()?;
        Some(finished(&svg, title))
    }

    fn drawn(self, svg: &mut String, fill: impl FnOnce(&mut Chart) -> Drawn) -> Drawn {
        let Self { x, x_name, y, y_name, percent, labels } = self;
        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area).margin(12).x_label_area_size(36).y_label_area_size(60).build_cartesian_2d(x, y)?;
        let label = |value: &f64| if percent { format!("{:.0} %", value * 100.0) } else { short(*value) };
        chart
            .configure_mesh()
            .axis_style(BLACK)
            .bold_line_style(BLACK.mix(0.15))
            .light_line_style(TRANSPARENT)
            .label_style(("sans-serif", 13).into_font().color(&BLACK))
            .x_desc(x_name)
            .y_desc(y_name)
            .x_label_formatter(&labels)
            .y_label_formatter(&label)
            .draw()?;
        fill(&mut chart)?;
        area.present()?;
        Ok(())
    }
}

fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Black becomes the page's ink, the student alone gets its dashes, and a screen reader a name.
fn finished(svg: &str, title: &str) -> String {
    let RGBColor(r, g, b) = colour(Role::Alone);
    let alone = format!("<polyline fill=\"none\" opacity=\"1\" stroke=\"#{r:02X}{g:02X}{b:02X}\"");
    let size = format!("width=\"{}\" height=\"{}\" ", SIZE.0, SIZE.1);
    svg.replace("\"#000000\"", "\"currentColor\"")
        .replace(&alone, &format!("{alone} stroke-dasharray=\"7 4\""))
        .replacen(&size, "", 1)
        .replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{title}\" "), 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::ROLES;

    #[test]
    fn curves_carry_the_colours_of_their_roles_and_the_ink_of_the_page() {
        let points = vec![(0.0, 0.1), (10.0, 0.9)];
        let list = ROLES.map(|role| Curve { role, points: points.clone() });
        let svg = curves("accuracy", "accuracy", &list, true).unwrap();
        for part in ["#0072B2", "#009E73", "stroke=\"#D55E00\" stroke-dasharray", "currentColor", "aria-label=\"accuracy\"", "viewBox"] {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
        assert!(!svg.contains("#000000"));
        assert!(curves("empty", "", &[], true).is_none());
        let flat = [Curve { role: Role::Alone, points: vec![(0.0, f64::NAN), (1.0, 0.5), (2.0, 0.5)] }];
        assert!(curves("flat", "", &flat, false).is_some());
    }

    #[test]
    fn seeds_are_dots_in_pairs_and_curves_in_bands() {
        let list: Vec<_> =
            [(7, 0.8, 0.9), (8, 0.81, 0.88)].map(|(seed, alone, distilled)| Pair { name: format!("{seed}"), alone, distilled }).into();
        let svg = pairs("pairs", "accuracy", &list, true).unwrap();
        assert_eq!(svg.matches("<circle").count(), 4, "{svg}");
        assert!([">\n7\n<", ">\n8\n<"].iter().all(|name| svg.contains(name)), "each seed has its name: {svg}");
        assert!(pairs("none", "", &[], true).is_none());
        let band = [Band { role: Role::Distilled, points: vec![(0.0, 0.5, 0.0), (10.0, 0.9, 0.2)] }];
        let svg = bands("bands", "accuracy", &band, true).unwrap();
        assert!(svg.contains("<polygon") && svg.contains("<polyline"), "{svg}");
    }
}
