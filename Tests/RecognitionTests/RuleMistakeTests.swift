import Foundation
import Recognition
import Testing

@Suite("Mistakes in rule documents")
struct RuleMistakeTests {
    /// A rule set with the fewest members. Line 8 is the threshold.
    static let rules = """
        kind: rule-set
        code: x
        version: 1
        title: T
        sources: {s: {title: S, issuer: I}}
        scale_minimum: {value: 0, source: s, quote: q}
        scale_maximum: {value: 10, source: s, quote: q}
        threshold: {value: 80, source: s, quote: q}
        floor: {value: 5, source: s, quote: q}
        half_points: {value: false, source: s, provisional: true}
        evidence: {value: none, source: s, quote: q}
        track: {value: [{act: review, role: reviewer}, {act: recognise, role: authority}], source: s, quote: q}
        authority: {value: A, source: s, quote: q}

        """

    static let criteria = """
        kind: criteria-set
        code: x
        version: 1
        title: T
        sources: {s: {title: S, issuer: I}}
        groups: [{code: all, name: G}]
        competencies:
          - code: A
            name: N
            indicators:
              - {code: A1, name: n, quantifiable: true, maximum: 10, source: s, quote: q}
              - {code: A2, name: n, quantifiable: true, maximum: 10, source: s, quote: q}

        """

    static func mistakes(_ text: String) -> [String] {
        do throws(RuleMistakes) { _ = try RuleDocument(reading: text, name: "x") } catch { return error.mistakes.map(\.description) }
        return []
    }

    struct Edit: Sendable, CustomTestStringConvertible {
        let from: String
        let to: String
        let mistakes: [String]
        var testDescription: String { "\(from) → \(to)" }

        init(_ from: String, _ to: String, _ mistakes: String...) {
            self.from = from
            self.to = to
            self.mistakes = mistakes
        }
    }

    @Test("The documents of this test are without mistake", arguments: [rules, criteria])
    func reads(text: String) { #expect(Self.mistakes(text) == []) }

    static let ruleEdits: [Edit] = [
        // What YAML 1.1 would read in another way.
        Edit("value: false", "value: no", "line 10: \"half_points\" must be true or false, not \"no\""),
        Edit("value: false", "value: off", "line 10: \"half_points\" must be true or false, not \"off\""),
        Edit("value: false", "value: \"false\"", "line 10: \"half_points\" must be true or false, not \"false\""),
        Edit("value: false", "value: False", "line 10: \"half_points\" must be true or false, not \"False\""),
        Edit("value: 80", "value: 080", "line 8: \"threshold\" must be points from 0 to 1000, such as 8 or 9.5, not \"080\""),
        Edit("value: 80", "value: 1:20", "line 8: \"threshold\" must be points from 0 to 1000, such as 8 or 9.5, not \"1:20\""),
        Edit("value: 80", "value: 0x50", "line 8: \"threshold\" must be points from 0 to 1000, such as 8 or 9.5, not \"0x50\""),
        Edit("value: 80", "value: 8_0", "line 8: \"threshold\" must be points from 0 to 1000, such as 8 or 9.5, not \"8_0\""),
        Edit("value: 80", "value: 8e1", "line 8: \"threshold\" must be points from 0 to 1000, such as 8 or 9.5, not \"8e1\""),
        Edit("value: 80", "value: 80.25", "line 8: \"threshold\" must be points from 0 to 1000, such as 8 or 9.5, not \"80.25\""),
        Edit("value: 80", "value: -1", "line 8: \"threshold\" must be points from 0 to 1000, such as 8 or 9.5, not -1"),
        Edit("value: 80", "value: .inf", "line 8: \"threshold\" must be points from 0 to 1000, such as 8 or 9.5, not \".inf\""),
        Edit("version: 1", "version: 1.0", "line 3: \"version\" must be a whole number from 1 to 9999, not \"1.0\""),
        Edit("version: 1", "version: \"1\"", "line 3: \"version\" must be a whole number from 1 to 9999, not \"1\""),
        Edit(
            "version: 1", "version: 99999999999999999999", "line 3: \"version\" must be a whole number from 1 to 9999, not \"99999999999999999999\""),
        Edit("title: T", "title: 2022", "line 4: \"title\" must be text, not 2022; put it in quotes"),
        Edit("title: T", "title: true", "line 4: \"title\" must be text, not true; put it in quotes"),
        Edit("title: T", "title: \" \"", "line 4: \"title\" is empty"),
        Edit("title: T", "title:", "line 4: a value is missing; leave the key out, or put text in quotes"),
        Edit("title: T", "title: null", "line 4: a value is missing; leave the key out, or put text in quotes"),
        Edit("title: T", "title: ~", "line 4: a value is missing; leave the key out, or put text in quotes"),

        // Keys.
        Edit(
            "threshold:", "treshold:", "line 1: the document lacks \"threshold\"",
            "line 8: the document knows no \"treshold\"; did you mean \"threshold\"?"),
        Edit("title: T", "title: T\nremark: R", "line 5: the document knows no \"remark\""),
        Edit("version: 1\n", "", "line 1: the document lacks \"version\""),
        Edit("kind: rule-set", "kind: ruleset", "line 1: \"kind\" must be one of criteria-set, rule-set, not \"ruleset\"; did you mean rule-set?"),
        Edit("kind: rule-set\n", "", "line 1: the document lacks \"kind\": criteria-set or rule-set"),
        Edit("title: T", "title: T\ncode: y", "line 2: written again further down in the same group: \"code\"; keep one"),
        Edit("{value: 80,", "{value: 80, \"value\": 81,", "line 8: written again further down in the same group: \"value\"; keep one"),
        Edit("title: T", "title: T\n<<: {}", "line 5: a merge key (<<): write the members out"),
        Edit("title: T", "title: T\n? [a]\n: b", "line 5: a key behind a question mark: a key is a name alone; put text that begins so in quotes"),
        Edit("title: T", "title: T\n[a, b]: c", "line 5: a key must be a name, not a list or a group"),
        Edit(
            "code: x", "code: Lạng Sơn",
            "line 2: \"code\" must be a code of at most 64 letters without marks, digits, \".\", \"_\" or \"-\", not \"Lạng Sơn\""),

        // Sources and quotes.
        Edit("value: 80, source: s", "value: 80, source: t", "line 8: \"sources\" has no \"t\"; did you mean \"s\"?"),
        Edit("value: 80, source: s", "value: 80", "line 8: \"threshold\" lacks \"source\""),
        Edit(
            "value: 80, source: s, quote: q", "value: 80, source: s",
            "line 8: \"threshold\" has no quote: give the words of the source, or write \"provisional: true\""),
        Edit("{s: {title: S, issuer: I}}", "{s: {title: S}}", "line 5: the source \"s\" lacks \"issuer\""),
        Edit(
            "{s: {title: S, issuer: I}}", "{s: {title: S, issuer: I, date: 31/2/2022}}",
            "line 5: \"date\" must be a date such as 2022-06-16, not \"31/2/2022\""),
        Edit("{s: {title: S, issuer: I}}", "{}", "line 5: \"sources\" is empty: every value needs its source"),

        // Periods.
        Edit(
            "title: T", "title: T\neffective:\n  from: 2022-07-30\n  until: 2022-07-29",
            "line 7: \"effective\" ends on 2022-07-29, before it begins on 2022-07-30"),
        Edit("title: T", "title: T\neffective: {}", "line 5: \"effective\" needs \"from\" or \"until\""),
        Edit("title: T", "title: T\neffective: {from: July}", "line 5: \"from\" must be a date such as 2022-06-16, not \"July\""),

        // Numbers that contradict one another.
        Edit(
            "scale_maximum: {value: 10", "total_maximum: {value: 70, source: s, quote: q}\nscale_maximum: {value: 10",
            "line 9: \"threshold\" is 80, above what a dossier can have, 70"),
        Edit("floor: {value: 5", "floor: {value: 11", "line 9: \"floor\" is 11, above what an indicator can have, 10"),
        Edit(
            "floor: {value: 5", "partial_floor: {value: 10.5, source: s, quote: q}\nfloor: {value: 5",
            "line 9: \"partial_floor\" is 10.5, above what an indicator can have, 10"),
        Edit("scale_minimum: {value: 0", "scale_minimum: {value: 11", "line 6: \"scale_minimum\" is 11, above \"scale_maximum\", 10"),

        // Words of the program.
        Edit("value: none", "value: always", "line 11: \"evidence\" must be one of none, quantifiable, not \"always\""),
        Edit(
            "act: review", "act: revue",
            "line 12: \"act\" must be one of review, appraise, confirm, propose, recognise, not \"revue\"; did you mean review?"),
        Edit("role: reviewer", "role: citizen", "line 12: \"role\" must be one of reviewer, appraiser, confirmer, authority, not \"citizen\""),
        Edit("{act: review, role: reviewer}, ", "", "line 12: \"track\" must begin with \"review\""),
        Edit(", {act: recognise, role: authority}", "", "line 12: \"track\" must end with \"recognise\""),
        Edit(
            "{act: review, role: reviewer}", "{act: review, role: reviewer}, {act: review, role: reviewer}",
            "line 12: \"review\" stands after \"review\"; the order is review, appraise, confirm, propose, recognise, each once"),
        Edit("[{act: review, role: reviewer}, {act: recognise, role: authority}]", "[]", "line 12: \"track\" is an empty list"),
        Edit(
            "title: T", "title: T\nhonour: {value: {years: 1, name: H}, source: s, quote: q}",
            "line 5: \"years\" must be a whole number from 2 to 50, not 1"),
        Edit(
            "title: T", "title: T\ngrades: [{name: B, from: 90, source: s, quote: q}, {name: A, from: 80, source: s, quote: q}]",
            "line 5: the grade \"A\" from 80 stands after one from 90; write the lowest first"),
        Edit("threshold: {value: 80, source: s, quote: q}", "threshold: 80", "line 8: \"threshold\" must be a group of named members, not 80"),

        // YAML.
        Edit("title: T", "title: &t T", "line 4: an anchor (&): write the value out; put text that begins so in quotes"),
        Edit("title: T", "title: &t\n  a: b", "line 4: an anchor (&): write the value out; put text that begins so in quotes"),
        Edit("title: T", "title: *t", "line 4: an alias (*): write the value out; put text that begins so in quotes"),
        Edit("title: T", "title: !!str T", "line 4: a tag (tag:yaml.org,2002:str): leave it out, and quote what is text"),
        Edit("title: T", "title: !x T", "line 4: a tag (!x): leave it out, and quote what is text"),
        Edit("sources: {s: {title: S, issuer: I}}", "sources:\n\ts: {title: S, issuer: I}", "line 6: indented with a tab; indent with spaces"),
        Edit(
            "title: T", "title: \"T",
            "line 14: the YAML cannot be read here: while scanning a quoted scalar that begins in line 4, found unexpected end of stream"),
        Edit("title: T", "title: T: U", "line 4: the YAML cannot be read here: mapping values are not allowed in this context"),
        Edit(
            "title: T", "title: [T",
            "line 5: the YAML cannot be read here: while parsing a flow sequence that begins in line 4, did not find expected ',' or ']'"),
        Edit("title: T", "title: T\n---\nkind: rule-set", "line 5: a second document; write each into a file of its own"),
        Edit("title: T", "title: T\u{2028}U", "line 4: the character U+2028 cannot be seen or printed; take it out"),
        Edit("title: T", "title: T\u{7}", "line 4: the character U+0007 cannot be seen or printed; take it out"),
        Edit("title: T", "title: \"T\\0\"", "line 4: the character U+0000 cannot be seen or printed; take it out"),
        Edit("title: T", "title: \u{E000}", "line 4: the character U+E000 cannot be seen or printed; take it out"),
    ]

    @Test("Every mistake of a rule set has its line and a reason", arguments: ruleEdits)
    func refusesRules(_ edit: Edit) {
        #expect(Self.rules.contains(edit.from))
        #expect(Self.mistakes(Self.rules.replacing(edit.from, with: edit.to, maxReplacements: 1)) == edit.mistakes)
    }

    static let criteriaEdits: [Edit] = [
        Edit("code: A2", "code: A1", "line 12: the indicator A1 is there twice"),
        Edit("code: A2", "code: B2", "line 12: the indicator B2 is in the competency A, whose codes begin with A"),
        Edit("code: A2", "code: A0", "line 12: \"code\" of an indicator must be a letter and a number such as B2, not \"A0\""),
        Edit("- code: A\n", "- code: AB\n", "line 8: \"code\" of a competency must be a capital letter from A to Z, not \"AB\""),
        Edit("maximum: 10", "maximum: 0", "line 11: \"maximum\" must be more than 0"),
        Edit("quantifiable: true", "quantifiable: yes", "line 11: \"quantifiable\" must be true or false, not \"yes\""),
        Edit("name: n,", "name: n, wording: {al: w},", "line 11: \"groups\" has no \"al\"; did you mean \"all\"?"),
        Edit("{code: all, name: G}", "{code: all, name: G}, {code: all, name: H}", "line 6: the subject group \"all\" is there twice"),
        Edit("[{code: all, name: G}]", "[]", "line 6: \"groups\" is an empty list"),
        Edit("source: s, quote: q", "source: s", "line 11: an indicator has no quote: give the words of the source, or write \"provisional: true\""),
    ]

    @Test("Every mistake of a criteria set has its line and a reason", arguments: criteriaEdits)
    func refusesCriteria(_ edit: Edit) {
        #expect(Self.criteria.contains(edit.from))
        #expect(Self.mistakes(Self.criteria.replacing(edit.from, with: edit.to, maxReplacements: 1)) == edit.mistakes)
    }

    @Test("All mistakes are told at once, in the order of their lines")
    func tellsAll() {
        let text = Self.rules.replacing("version: 1", with: "version: one").replacing("floor:", with: "flor:")
            .replacing("value: none", with: "value: non").replacing("authority: {value: A, source: s", with: "authority: {value: A, source: u")
        #expect(
            Self.mistakes(text) == [
                "line 1: the document lacks \"floor\"", "line 3: \"version\" must be a whole number from 1 to 9999, not \"one\"",
                "line 9: the document knows no \"flor\"; did you mean \"floor\"?",
                "line 11: \"evidence\" must be one of none, quantifiable, not \"non\"; did you mean none?",
                "line 13: \"sources\" has no \"u\"; did you mean \"s\"?",
            ])
        do throws(RuleMistakes) { _ = try RuleDocument(reading: "kind: rules", name: "luật.yaml") } catch {
            #expect(
                error.description
                    == "cannot read the rule document \"luật.yaml\": line 1: \"kind\" must be one of criteria-set, rule-set, not \"rules\"")
        }
    }

    @Test("A period of a value stays within that of the document")
    func periods() {
        let text = Self.rules.replacing("title: T", with: "title: T\neffective: {from: 2022-01-01, until: 2022-12-31}")
            .replacing("value: 80,", with: "value: 80, effective: {from: 2021-12-31, until: 2023-01-01},")
        #expect(
            Self.mistakes(text) == [
                "line 9: \"effective\" begins on 2021-12-31, before the whole document on 2022-01-01",
                "line 9: \"effective\" ends on 2023-01-01, after the whole document on 2022-12-31",
            ])
    }

    /// Texts as an attacker would write them, or somebody who sends the wrong file.
    struct Hostile: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String

        init(_ name: String, _ text: String) {
            testDescription = name
            self.text = text
        }
    }

    static let hostile: [Hostile] = [
        Hostile("nothing", ""), Hostile("spaces", "   \n"), Hostile("a comment", "# x"), Hostile("a short text", "a"), Hostile("a list", "- a\n- b"),
        Hostile("a number", "1"),
        Hostile("an end", "..."), Hostile("only a second document", "---\n---\n"), Hostile("a directive", "%YAML 9.9\n---\na: b"),
        Hostile("NUL", "a: \0b"),
        Hostile("brackets", String(repeating: "[", count: 100_000)), Hostile("braces", String(repeating: "{a: ", count: 100_000)),
        Hostile("dashes", String(repeating: "- ", count: 100_000)), Hostile("keys", String(repeating: "? ", count: 100_000)),
        Hostile("closed brackets", String(repeating: "[", count: 900) + String(repeating: "]", count: 900)),
        Hostile("keys in keys", String(repeating: "{", count: 300) + String(repeating: "a: b}: c, ", count: 300)),
        Hostile(
            "a long list as a key of a key", String(repeating: "? ", count: 400) + "[" + String(repeating: "x,", count: 200_000) + "]"
        ),
        Hostile("too large", String(repeating: "# x\n", count: 300_000)),
        Hostile("many keys", "kind: rule-set\n" + (0..<20_000).map { "k\($0): v\n" }.joined()),
        Hostile(
            "laughs",
            "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + (0..<30).map { "k\($0): &b\($0) [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n" }.joined()
                + "? *b29\n: x\n"
        ),
        Hostile(
            "laughs as keys",
            (0..<40).map { "? &l\($0) [\($0 == 0 ? "x" : "*l\($0 - 1)"), \($0 == 0 ? "y" : "*l\($0 - 1)")]\n: x\n" }.joined()
        ),
        Hostile("an alias of itself", "a: &a [*a]"), Hostile("a merge", "a: &a {b: c}\nd:\n  <<: *a"),
    ]

    @Test("No text crashes the reader or keeps it long", .timeLimit(.minutes(10)), arguments: hostile)
    func survives(_ hostile: Hostile) {
        #expect(!Self.mistakes(hostile.text).isEmpty)
    }

    @Test("Damaged documents are refused or read, never worse")
    func survivesDamage() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("damaged documents: seed \(seed)")
        var numbers = SeededNumbers(seed: seed)
        let pieces = [
            "&", "*", "!", "|", ">", "\t", "\n", "  ", ":", "- ", "? ", "{", "}", "[", "]", "\"", "'", "#", "%", "---\n", "đ", "\u{0}", "<<: ", "1",
        ]
        for text in [Self.rules, Self.criteria] {
            for _ in 0..<1500 {
                var scalars = Array(text.unicodeScalars)
                for _ in 0...numbers.below(3) {
                    let place = numbers.below(scalars.count)
                    if numbers.below(3) == 0 {
                        scalars.removeSubrange(place..<min(scalars.count, place + 1 + numbers.below(9)))
                    } else {
                        scalars.insert(contentsOf: Array(pieces[numbers.below(pieces.count)].unicodeScalars), at: place)
                    }
                }
                var damaged = String.UnicodeScalarView()
                damaged.append(contentsOf: scalars)
                do throws(RuleMistakes) {
                    let document = try RuleDocument(reading: String(damaged), name: "x")
                    let again = try RuleDocument(reading: document.tree.json, name: "x")
                    #expect(again == document, "seed \(seed)")
                } catch { #expect(!error.mistakes.isEmpty && error.mistakes.allSatisfy { $0.line >= 1 }, "seed \(seed)") }
            }
        }
    }

    @Test(
        "Texts survive the canonical JSON",
        arguments: [
            "a & b", "&a *b !c ? d", "?", "&\u{301} x ?\u{301}", "đ \"x\" \\ \n y", "# no comment", "- x: y", "010", "no", "2022-07-30", "1:30",
            "{a}", "a\tb", "é🙂", "~",
            "  x ",
        ])
    func keepsText(title: String) throws {
        let text = Self.rules.replacing("title: T", with: "title: \(RuleTree.text(title).json)")
        let document = try RuleDocument(reading: text, name: "x")
        #expect(document.title == title)
        #expect(try RuleDocument(reading: document.tree.json, name: "x") == document)
    }

    @Test(
        "Text may be written in each way of YAML",
        arguments: [
            ("title: R&D?", "R&D?"), ("title: 'it''s'", "it's"), ("title: >\n  a\n  b", "a b"), ("title: |\n  a\n  b", "a\nb"),
            ("title: a\n  b", "a b"),
            ("title: \"\\u0111\"", "đ"), ("\"title\": T # x", "T"), ("title: no", "no"), ("title: 010", "010"), ("title: a*b &c", "a*b &c"),
        ])
    func readsText(line: String, title: String) throws {
        #expect(try RuleDocument(reading: Self.rules.replacing("title: T", with: line), name: "x").title == title)
        let windows = Self.rules.replacing("title: T", with: line).replacing("\n", with: "\r\n")
        #expect(try RuleDocument(reading: "\u{FEFF}" + windows, name: "x").title == title)
    }
}
