//! Curves as SVG. Colours of the roles are those of Okabe and Ito, told apart without colour by the dashes of the student alone; all other
//! ink is `currentColor`, so that the page's light or dark scheme decides it.

use plotters::prelude::*;

use crate::train::Role;

/// One curve: the role decides how it looks.
pub struct Curve {
    pub role: Role,
    pub points: Vec<(f64, f64)>,
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
    let low = all().map(|(_, y)| y).reduce(f64::min)?;
    let high = all().map(|(_, y)| y).reduce(f64::max)?;
    let margin = ((high - low) * 0.05).max(1e-3);
    let top = if percent { (high + margin).min(1.0) } else { high + margin };
    let bottom = (low - margin).max(0.0);
    let mut svg = String::new();
    draw(&mut svg, y_name, curves, 0.0..right, bottom..top, percent).ok()?;
    Some(finished(&svg, title))
}

fn draw(
    svg: &mut String,
    y_name: &str,
    curves: &[Curve],
    x: std::ops::Range<f64>,
    y: std::ops::Range<f64>,
    percent: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&area).margin(12).x_label_area_size(36).y_label_area_size(60).build_cartesian_2d(x, y)?;
    let label = |value: &f64| if percent { format!("{:.0} %", value * 100.0) } else { short(*value) };
    chart
        .configure_mesh()
        .axis_style(BLACK)
        .bold_line_style(BLACK.mix(0.15))
        .light_line_style(TRANSPARENT)
        .label_style(("sans-serif", 13).into_font().color(&BLACK))
        .x_desc("steps")
        .y_desc(y_name)
        .x_label_formatter(&|value| short(*value))
        .y_label_formatter(&label)
        .draw()?;
    for curve in curves {
        chart.draw_series(LineSeries::new(curve.points.iter().copied(), colour(curve.role).stroke_width(2)))?;
    }
    area.present()?;
    Ok(())
}

fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Black becomes the page's ink, the student alone gets its dashes, and a screen reader a name.
fn finished(svg: &str, title: &str) -> String {
    let RGBColor(r, g, b) = colour(Role::Alone);
    let alone = format!("stroke=\"#{r:02X}{g:02X}{b:02X}\"");
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
}
