internal import Evidence
internal import Ledger

/// The style of the page. Pages allow just this one, by its digest, so that no other can be slipped in.
enum PageStyle {
    /// As the policy of a page names it.
    static let contentSecurityHash = "sha256-\(Base64.text(of: Digest(of: text.utf8).bytes))"

    static let text = """

        :root { --ink: #1b1b1f; --soft: #55555f; --line: #c9c9d2; --faint: #f4f4f7; --link: #0b4f9e; --mark: #8a1c1c; }
        * { box-sizing: border-box; }
        html { color: var(--ink); background: #fff; font: 100%/1.5 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
        body { margin: 0 auto; max-width: 68rem; padding: 1rem; }
        bdi, dd, td, th, p, h1, h2, h3, code { overflow-wrap: anywhere; }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0; }
        h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.5rem 0 .75rem; padding-bottom: .25rem; border-bottom: 2px solid var(--ink); }
        h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
        p { margin: .5rem 0; }
        a { color: var(--link); }
        a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
        code { font: .875em/1.4 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
        code { unicode-bidi: isolate; }
        .digest { font-size: .75em; color: var(--soft); }
        .subtitle { font-size: 1.1rem; }
        .notice { border: 2px solid var(--mark); border-radius: .4rem; padding: .25rem 1rem .5rem; margin: 1rem 0; background: #fff6f4; }
        .notice h2 { font-size: 1.1rem; border: 0; margin: .5rem 0 0; padding: 0; color: var(--mark); }
        .verdict { font-weight: 600; }
        .badge { display: inline-block; border: 1px solid currentColor; border-radius: .3rem; padding: 0 .45rem; font-size: .875em; }
        .stands { color: #14602c; }
        .revoked, .erased { color: #8a1c1c; }
        .replaced, .withheld { color: #7a4300; }
        dl { margin: .5rem 0; border-top: 1px solid var(--line); }
        dl > div { display: grid; grid-template-columns: 12rem 1fr; gap: 0 1rem; padding: .25rem 0; border-bottom: 1px solid var(--line); }
        dt { color: var(--soft); }
        dd { margin: 0; }
        table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .92rem; }
        caption { text-align: left; font-weight: 600; padding: .25rem 0; color: var(--soft); }
        th, td { text-align: left; vertical-align: top; padding: .35rem .5rem; border: 1px solid var(--line); }
        thead th { background: var(--faint); overflow-wrap: normal; }
        tbody th { font-weight: 600; }
        time { white-space: nowrap; }
        .scores td:nth-child(3), .contents td:nth-child(5) { text-align: right; font-variant-numeric: tabular-nums; }
        .scores td:nth-child(3) { font-weight: 600; }
        .reasons th, .steps th, .people th { min-width: 8rem; }
        .steps td:nth-child(2) { width: 32%; }
        article { border-left: 4px solid var(--line); padding-left: 1rem; margin: 1.5rem 0; }
        article:target, section:target > h2 { background: #fff8d6; }
        footer { margin-top: 2.5rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .9rem; }
        @media (max-width: 46rem) {
          body { padding: .75rem; }
          dl > div { grid-template-columns: 1fr; }
          table, caption, tbody, tr, th, td { display: block; }
          thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          tr { border: 1px solid var(--line); border-radius: .3rem; margin: .5rem 0; padding: .25rem .6rem; }
          tbody th, td { border: 0; padding: .15rem 0; text-align: left !important; }
          tbody th::before, td::before { content: attr(data-label) ": "; color: var(--soft); font-weight: 400; }
          td:empty { display: none; }
          .scores tbody tr { display: grid; grid-template-columns: 2.25rem 1fr 2.5rem; gap: 0 .5rem; }
          .scores tbody th::before, .scores td:nth-child(-n+3)::before { content: none; }
          .scores td:nth-child(3) { text-align: right !important; }
          .scores td:nth-child(n+4) { grid-column: 2 / -1; font-size: .9em; }
          .steps td:nth-child(2) { width: auto; }
          article { padding-left: .6rem; }
        }
        @media print {
          @page { size: A4; margin: 16mm 14mm 18mm; @bottom-right { content: counter(page) "/" counter(pages); font-size: 8pt; } }
          html { font-size: 9.5pt; }
          body { max-width: none; padding: 0; }
          a { color: inherit; text-decoration: none; }
          h2, h3, caption { break-after: avoid; }
          tr, dl > div, .notice { break-inside: avoid; }
          thead { display: table-header-group; }
          table { font-size: 8.5pt; }
          th, td { padding: .2rem .35rem; }
          section.title + section.title { break-before: page; }
          .notice { background: none; }
          article:target, section:target > h2 { background: none; }
        }

        """
}
