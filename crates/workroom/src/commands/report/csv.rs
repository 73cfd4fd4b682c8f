//! A report as a table for spreadsheets.

use workroom_ledger::report::{Measured, Report};

use crate::commands::privacy::field_of;

/// One line for each row, and none for the total.
pub(super) fn csv(report: &Report) -> String {
    let by = super::text::by_word(report.by);
    let mut text = format!(
        "{by},model,ours_usd_modelled,traditional_usd_modelled,saved_usd_modelled,ours_tokens,\
         ours_billed_tokens_modelled,traditional_tokens_modelled,\
         traditional_billed_tokens_modelled,runs,failed_runs,calls_in_code,direct_calls,\
         failed_calls,looked,masked,duration_ms,loaded_tokens,written_tokens,read_tokens,\
         kept_tokens,kept_bytes,client_bytes,server_bytes"
    );
    for row in &report.rows {
        let Measured {
            runs,
            failed_runs,
            calls_in_code,
            direct_calls,
            failed_calls,
            looked,
            masked,
            duration_ms,
            loaded_tokens,
            written_tokens,
            read_tokens,
            kept_tokens,
            kept_bytes,
            client_bytes,
            server_bytes,
        } = row.measured;
        let money = [row.ours.usd, row.traditional.usd, row.saved_usd];
        let tokens = [
            row.ours.tokens,
            row.ours.billed_tokens,
            row.traditional.tokens,
            row.traditional.billed_tokens,
        ];
        let counts = [
            runs,
            failed_runs,
            calls_in_code,
            direct_calls,
            failed_calls,
            looked,
            masked,
            duration_ms,
            loaded_tokens,
            written_tokens,
            read_tokens,
            kept_tokens,
            kept_bytes,
            client_bytes,
            server_bytes,
        ];
        let mut fields = vec![field_of(&row.key), field_of(&report.model.name)];
        fields.extend(money.map(|usd| format!("{usd:.6}")));
        fields.extend(tokens.iter().chain(&counts).map(u64::to_string));
        text.push('\n');
        text.push_str(&fields.join(","));
    }
    text
}
