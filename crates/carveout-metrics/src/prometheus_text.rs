//! From OpenMetrics 1.0.0, which `prometheus-client` writes, to the Prometheus text format 0.0.4,
//! which it does not.
//!
//! What differs: the older format has neither `# UNIT` nor `# EOF` nor exemplars, no `info` and
//! `unknown` types, and names a family of counters as its samples are named, with `_total`.

/// The same metrics, in the older format.
pub(crate) fn from_openmetrics(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len());
    // The help comes before the type, and only the type says how the family is called.
    let mut help: Option<(&str, &str)> = None;
    for line in openmetrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = Some(rest.split_once(' ').unwrap_or((rest, "")));
        } else if let Some((name, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                same => ("", same),
            };
            if let Some((_, help)) = help.take_if(|(of, _)| *of == name) {
                push_line(&mut text, &["# HELP ", name, suffix, " ", help]);
            }
            push_line(&mut text, &["# TYPE ", name, suffix, " ", kind]);
        } else if !line.starts_with('#') {
            push_line(&mut text, &[without_exemplar(line)]);
        }
    }
    text
}

fn push_line(text: &mut String, parts: &[&str]) {
    text.extend(parts.iter().copied());
    text.push('\n');
}

/// `name{labels} value`: an exemplar begins at the first `#` that is not within the quotes of a
/// label's value.
fn without_exemplar(sample: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in sample.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'#' if !quoted => return sample[..at].trim_end(),
            _ => {}
        }
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::from_openmetrics;

    #[track_caller]
    fn check(openmetrics: &str, expected: &str) {
        assert_eq!(from_openmetrics(openmetrics), expected);
    }

    #[test]
    fn a_counter_is_called_as_its_samples_are() {
        check(
            "# HELP hits Hits.\n# TYPE hits counter\nhits_total 3\n# EOF\n",
            "# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total 3\n",
        );
    }

    #[test]
    fn units_go_and_info_is_a_gauge() {
        check(
            "# HELP t_seconds T.\n# TYPE t_seconds gauge\n# UNIT t_seconds seconds\nt_seconds 1.5\n\
             # HELP build B.\n# TYPE build info\nbuild_info{v=\"1\"} 1\n\
             # HELP odd O.\n# TYPE odd unknown\nodd 1\n",
            "# HELP t_seconds T.\n# TYPE t_seconds gauge\nt_seconds 1.5\n\
             # HELP build_info B.\n# TYPE build_info gauge\nbuild_info{v=\"1\"} 1\n\
             # HELP odd O.\n# TYPE odd untyped\nodd 1\n",
        );
    }

    #[test]
    fn exemplars_go_and_label_values_stay() {
        check(
            "b_bucket{le=\"1.0\",p=\"# {a=\\\"b\\\"} 1\"} 4 # {trace_id=\"00f0\"} 0.5 1700000000.5\n",
            "b_bucket{le=\"1.0\",p=\"# {a=\\\"b\\\"} 1\"} 4\n",
        );
        check(
            "g{p=\"a\\\\\",q=\"# EOF\"} 1\n",
            "g{p=\"a\\\\\",q=\"# EOF\"} 1\n",
        );
        check(
            "g{p=\"}\\n# TYPE x counter\"} 1 # {} 1\n",
            "g{p=\"}\\n# TYPE x counter\"} 1\n",
        );
    }

    #[test]
    fn help_that_belongs_to_nothing_is_not_given_to_another() {
        check(
            "# HELP a A.\n# HELP b B.\n# TYPE b gauge\nb 1\n",
            "# HELP b B.\n# TYPE b gauge\nb 1\n",
        );
        check(
            "# HELP a A.\n# TYPE b gauge\nb 1\n",
            "# TYPE b gauge\nb 1\n",
        );
        check(
            "# HELP a\n# TYPE a gauge\na 1\n",
            "# HELP a \n# TYPE a gauge\na 1\n",
        );
        check("", "");
    }
}
