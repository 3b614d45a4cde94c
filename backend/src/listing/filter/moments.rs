use chrono::{DateTime, Days, SecondsFormat, Utc};

use super::{Filter, Value};

/// How far back a moment may lie.
const MOST_DAYS: u64 = 36_500;

/// The filter with moments that are counted back from now, such as `"now-14d"`, written out wherever it compares instants.
pub fn settle(filter: Filter, now: DateTime<Utc>, is_instant: &impl Fn(&str) -> bool) -> Filter {
    let all =
        |members: Vec<Filter>| members.into_iter().map(|member| settle(member, now, is_instant)).collect();
    match filter {
        Filter::And(members) => Filter::And(all(members)),
        Filter::Or(members) => Filter::Or(all(members)),
        Filter::Not(inner) => Filter::Not(Box::new(settle(*inner, now, is_instant))),
        Filter::Comparison { field, op, value } if is_instant(&field) => {
            Filter::Comparison { value: written_out(value, now), field, op }
        }
        other @ Filter::Comparison { .. } => other,
    }
}

fn written_out(value: Value, now: DateTime<Utc>) -> Value {
    match value {
        Value::Text(text) => Value::Text(moment(&text, now).unwrap_or(text)),
        Value::List(values) => Value::List(values.into_iter().map(|one| written_out(one, now)).collect()),
        other => other,
    }
}

fn moment(text: &str, now: DateTime<Utc>) -> Option<String> {
    let days = text.strip_prefix("now-")?.strip_suffix('d')?;
    let plain = (1..=5).contains(&days.len()) && days.bytes().all(|b| b.is_ascii_digit());
    let days = days.parse().ok().filter(|days| plain && *days <= MOST_DAYS)?;
    Some(now.checked_sub_days(Days::new(days))?.to_rfc3339_opts(SecondsFormat::Micros, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::filter::parse;

    #[test]
    fn what_is_counted_back_becomes_a_moment_where_instants_are_compared() {
        let now = DateTime::from_timestamp_micros(1_700_000_000_000_001).unwrap();
        let settled = |text: &str| settle(parse(text).unwrap(), now, &|field| field == "at").to_string();
        assert_eq!(settled(r#"at lt "now-14d""#), r#"at lt "2023-10-31T22:13:20.000001Z""#);
        assert_eq!(
            settled(r#"not (at ge "now-0d" or city eq "now-1d")"#),
            r#"not (at ge "2023-11-14T22:13:20.000001Z" or city eq "now-1d")"#
        );
        for other in ["now-", "now-d", "now-1", "now-+1d", "now-36501d", "now-000001d", "now+1d", "now"] {
            let text = format!(r#"at lt "{other}""#);
            assert_eq!(settled(&text), text);
        }
    }
}
