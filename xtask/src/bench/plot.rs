//! The curves of `growth` as SVG: a panel for each size that grows, both axes logarithmic, a line for each path.

use plotters::prelude::*;

use super::growth::Curve;

/// Pixels.
const SIZE: (u32, u32) = (960, 720);

/// Dark on white and light on black alike.
const COLOURS: [RGBColor; 2] = [RGBColor(31, 119, 180), RGBColor(214, 96, 20)];

/// The picture, with a line of small print.
pub(crate) fn svg(curves: &[Curve], small_print: &str) -> anyhow::Result<String> {
    let mut axes: Vec<&str> = curves.iter().map(|curve| curve.axis).collect();
    axes.dedup();
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let small = ("sans-serif", 12).into_font().color(&BLACK.mix(0.7));
        area.draw_text(small_print, &small, (12, SIZE.1 as i32 - 18))?;
        let (panels, _) = area.split_vertically(SIZE.1 - 24);
        for (axis, panel) in axes.iter().zip(panels.split_evenly((2, 2))) {
            let of_axis: Vec<&Curve> = curves.iter().filter(|curve| curve.axis == *axis).collect();
            draw(&panel, axis, &of_axis)?;
        }
        area.present()?;
    }
    Ok(text)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(panel: &Area<'_>, axis: &str, curves: &[&Curve]) -> anyhow::Result<()> {
    let milliseconds = |curve: &Curve| curve.points.iter().map(|(size, time)| (*size, time / 1e6)).collect::<Vec<_>>();
    let all: Vec<(f64, f64)> = curves.iter().flat_map(|curve| milliseconds(curve)).collect();
    let range = |of: fn(&(f64, f64)) -> f64| {
        let least = all.iter().map(of).fold(f64::INFINITY, f64::min);
        let greatest = all.iter().map(of).fold(f64::MIN_POSITIVE, f64::max);
        least * 0.8..greatest * 1.3
    };
    let mut builder = ChartBuilder::on(panel);
    builder.margin(12).x_label_area_size(36).y_label_area_size(56);
    let sizes = curves.first().map(|curve| curve.points.iter().map(|point| point.0).collect()).unwrap_or_default();
    let (x, y) = (range(|p| p.0), range(|p| p.1));
    let times = round_numbers().filter(|time| y.contains(time)).collect();
    let (x, y) = (x.log_scale().with_key_points(sizes), y.log_scale().with_key_points(times));
    let mut chart = builder.build_cartesian_2d(x, y)?;
    let mut mesh = chart.configure_mesh();
    let number = |x: &f64| x.to_string();
    mesh.x_desc(axis).y_desc("milliseconds").light_line_style(WHITE).x_labels(8).y_labels(6);
    mesh.x_label_formatter(&number).y_label_formatter(&number).label_style(("sans-serif", 13)).draw()?;
    for (curve, colour) in curves.iter().zip(COLOURS) {
        let points = milliseconds(curve);
        chart
            .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?
            .label(curve.path)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        chart.draw_series(points.into_iter().map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    let mut legend = chart.configure_series_labels();
    legend.position(SeriesLabelPosition::UpperLeft).label_font(("sans-serif", 13)).draw()?;
    Ok(())
}

/// 0.001, 0.002, 0.005, 0.01 and so on.
fn round_numbers() -> impl Iterator<Item = f64> {
    // Divisions rather than products of powers below one, so that 0.05 is the number that is printed so.
    (0..8).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power) / 1000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_has_a_line_and_a_name() {
        let curve = |axis, path, scale: f64| {
            let points = [1.0_f64, 2.0, 4.0].map(|x| (x, scale * x.powi(2))).to_vec();
            Curve { axis, path, points, neighbours: Vec::new() }
        };
        let curves = [
            curve("candidates n", "generator", 1e5),
            curve("candidates n", "rerank", 2e5),
            curve("width d", "generator", 1e6),
            curve("width d", "rerank", 2e6),
        ];
        let text = svg(&curves, "some machine").unwrap();
        assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
        for name in ["candidates n", "width d", "some machine", "milliseconds"] {
            assert!(text.contains(name), "{name}");
        }
        assert_eq!(text.matches("generator").count(), 2);
        assert_eq!(text.matches("<circle").count(), 12);
    }
}
