internal import Evidence
internal import Recognition

/// One title: whose, by which decision, with which points and evidence, why, and who did what.
struct TitleSection {
    let title: Member
    /// From 1, in the order of the page.
    let place: Int
    let decision: DecisionMembers

    var markup: Markup {
        let name = title["person"]["name"].string ?? title["person"]["person"].string ?? "(không có tên)"
        let year = title["cycle"].integer.map { ", năm \($0)" } ?? ""
        return .element(
            "section", [.id("danh-hieu-\(place)"), .class("title")],
            [
                .element("h2", [], [decision.titles.count > 1 ? .text("\(place). ") : .nothing, .quoted(name), .text(year)]),
                PageParts.subsection("Danh hiệu và quyết định", [facts]),
                PageParts.subsection("Điểm của các chỉ số", [scores, verdictLine]),
                PageParts.subsection("Minh chứng của từng chỉ số", [citations]),
                PageParts.subsection("Kết luận và lý do", [reasons, rules]),
                PageParts.subsection("Ai chịu trách nhiệm", [responsible]),
                PageParts.subsection("Các bước của hồ sơ", [steps]),
            ])
    }

    /// Whether the title holds, in words and not by colour alone.
    static func state(_ title: Member) -> Markup {
        switch title["state"].string {
        case "stands": PageParts.badge("stands", "Còn hiệu lực")
        case "revoked": PageParts.badge("revoked", "Đã thu hồi")
        case "replaced": PageParts.badge("replaced", "Đã thay thế")
        case let state?: .quoted(state)
        case nil: .nothing
        }
    }

    private var facts: Markup {
        let person = title["person"]
        let unit = title["unit"]
        let unitKind = unit["kind"].string.map { word(UnitKind.self, $0, Words.unit) }
        let unitNotes = [unitKind, unit["code"].string.map { "mã \($0)" }].compactMap(\.self).joined(separator: ", ")
        return PageParts.facts(
            [
                (
                    "Tình trạng",
                    PageParts.joined([Self.state(title), PageParts.record(title["ended_by"])], " theo bản ghi ")
                ),
                ("Họ và tên", PageParts.quoted(person["name"])), ("Năm sinh", PageParts.text(person["birth_year"].integer.map { "\($0)" })),
                ("Đợt đánh giá", PageParts.text(title["cycle"].integer.map { "năm \($0)" })),
                (
                    "Đơn vị",
                    PageParts.joined([PageParts.quoted(unit["name"]), unitNotes.isEmpty ? .nothing : .quoted("(\(unitNotes))")], " ")
                ),
            ] + PageParts.document(title["document"], decision) + [
                ("Xếp loại", PageParts.quoted(title["verdict"]["grade"])),
                ("Nhóm đối tượng", PageParts.text(title["group"].string.map(Words.group))),
                ("Mã danh hiệu", PageParts.code(title["title"])), ("Mã hồ sơ", PageParts.code(title["dossier"])),
                ("Mã người", PageParts.code(person["person"])),
            ])
    }

    // MARK: Points and evidence

    private var scores: Markup {
        let rows = title["scores"].list.map { score -> [Markup] in
            let code = score["indicator"].string
            let count = code.map { code in title["citations"].list.count { $0["indicator"].string == code } } ?? 0
            return [
                PageParts.text(code), PageParts.quoted(score["name"]),
                PageParts.text(score["halves"].integer.map(Written.points(halves:))), .text(score["partial"].isTrue ? "chưa đầy đủ" : "đầy đủ"),
                .text(count == 0 ? "không có" : "\(count)"), PageParts.record(score["record"]),
            ]
        }
        return PageParts.table(
            "Điểm cuối cùng", columns: ["Chỉ số", "Nội dung", "Điểm", "Mức thực hiện", "Minh chứng", "Bản ghi"], rows: rows, kind: "scores")
    }

    private var verdictLine: Markup {
        let verdict = title["verdict"]
        guard verdict.isThere else { return .nothing }
        let outcome = verdict["recognised"].isThere ? (verdict["recognised"].isTrue ? "đạt, được công nhận" : "không đạt") : nil
        return .element(
            "p", [.class("verdict")],
            [
                PageParts.joined(
                    [
                        PageParts.text(verdict["total_halves"].integer.map { "Tổng điểm: \(Written.points(halves: $0))" }),
                        PageParts.text(outcome.map { "Kết luận: \($0)" }),
                        verdict["grade"].string.map { .group([.text("Xếp loại: "), .quoted($0)]) } ?? .nothing,
                    ], ". "), .text("."),
            ])
    }

    private var citations: Markup {
        let citations = title["citations"].list
        return PageParts.table(
            "Minh chứng mà quyết định dựa vào",
            columns: ["Chỉ số", "Minh chứng", "Trang", "Xác minh khi quyết định", "Tệp và mã SHA-256", "Bản ghi"],
            count: citations.count, kind: "citations"
        ) { index in
            let citation = citations[index]
            let item = decision.item(citation["evidence"]["item"].string)
            return [
                PageParts.text(citation["indicator"].string),
                PageParts.lines([
                    PageParts.item(citation["evidence"], decision),
                    citation["note"].string.map { .group([.text("Ghi chú: "), .quoted($0)]) } ?? .nothing,
                ]),
                Self.pages(citation["pages"]), verification(citation),
                PageParts.lines([PageParts.file(of: item, decision), PageParts.digest(citation["evidence"]["object"])]),
                PageParts.record(citation["record"]),
            ]
        }
    }

    private static func pages(_ pages: Member) -> Markup {
        let numbers = pages.list.compactMap(\.integer).map(String.init)
        return .text(numbers.isEmpty ? "cả tài liệu" : numbers.joined(separator: ", "))
    }

    /// The state that the decision rested on, and the method of the finding that made it so.
    private func verification(_ citation: Member) -> Markup {
        guard let state = citation["verification"].string else { return .nothing }
        let decided = title["record"].integer ?? .max
        let finding = decision.item(citation["evidence"]["item"].string)["findings"].list.last {
            ($0["record"].integer ?? .max) < decided && $0["state"].string == state
        }
        return PageParts.lines([
            .text(word(VerificationState.self, state, Words.verification)),
            PageParts.text(finding?["method"].string.map { word(VerificationMethod.self, $0, Words.method) }),
            finding.map { PageParts.joined([PageParts.account($0["account"]), PageParts.time($0["time"])], ", ") } ?? .nothing,
        ])
    }

    // MARK: Why

    /// The reasons, those of one rule and source together: a table that can be read.
    private var reasons: Markup {
        struct Group {
            let rule: String
            let source: String?
            var parts: [Markup]
            var isMet: Bool
        }
        var groups: [Group] = []
        for reason in title["verdict"]["reasons"].list {
            let rule = reason["rule"].string ?? ""
            let name = word(RuleName.self, String(rule.prefix { $0 != ":" }), Words.rule)
            let (statement, source) = reason["text"].string.map(Words.reason) ?? (rule, nil)
            let isMet = reason["met"].isTrue
            let part = isMet ? Markup.quoted(statement) : .element("strong", [], [.text("Không đạt: "), .quoted(statement)])
            if let index = groups.firstIndex(where: { $0.rule == name && $0.source == source }) {
                groups[index].parts.append(part)
                groups[index].isMet = groups[index].isMet && isMet
            } else {
                groups.append(Group(rule: name, source: source, parts: [part], isMet: isMet))
            }
        }
        let rows = groups.map { group -> [Markup] in
            [
                .text(group.rule), .text(group.isMet ? "Đạt" : "Không đạt"), PageParts.joined(group.parts, "; "),
                group.source.map(Markup.quoted) ?? .text("(không cần văn bản)"),
            ]
        }
        return PageParts.table("Từng quy tắc và nguồn của nó", columns: ["Quy tắc", "Kết quả", "Áp dụng", "Nguồn"], rows: rows, kind: "reasons")
    }

    private var rules: Markup {
        let rows = [("Bộ quy tắc", title["rules"]), ("Bộ tiêu chí", title["criteria"])].map { name, rule -> (name: String, value: Markup) in
            let version = rule["version"].integer.map { "phiên bản \($0)" }
            let file = rule["object"].digest.map { Markup.element("a", [.href("rules/\($0.hex).json")], [.text("nội dung")]) } ?? .nothing
            return (
                name,
                PageParts.lines([
                    PageParts.joined([PageParts.quoted(rule["title"]), PageParts.code(rule["code"]), PageParts.text(version), file], ", "),
                    rule["provisional"].isTrue ? PageParts.badge("replaced", "Tạm thời, không phải bộ chính thức") : .nothing,
                    PageParts.digest(rule["object"]),
                ])
            )
        }
        return PageParts.facts(rows)
    }

    // MARK: Who

    /// Who took each step of the review last before the decision, and who decided.
    private var responsible: Markup {
        let decided = title["record"].integer ?? .max
        let steps = title["steps"].list
        var rows: [[Markup]] = []
        for act in [DossierAct.review, .appraise, .confirm, .propose] {
            guard let step = steps.last(where: { $0["act"].string == act.rawValue && ($0["record"].integer ?? .max) < decided }) else { continue }
            rows.append([.text(Words.act(act))] + Self.whoAndWhen(step))
        }
        if title["record"].isThere || title["account"].isThere { rows.append([.text("Quyết định")] + Self.whoAndWhen(title)) }
        let reviewers = title["reviewers"].strings.map { Markup.element("code", text: $0) }
        return .group([
            PageParts.table(
                "Bình xét, thẩm định, xác nhận, đề nghị và quyết định", columns: ["Việc", "Tài khoản", "Tư cách", "Thời điểm", "Bản ghi"], rows: rows,
                kind: "people"),
            reviewers.isEmpty
                ? .nothing
                : .element(
                    "p", [], [.text("Các tài khoản đã bình xét, thẩm định, xác nhận hoặc đề nghị: "), PageParts.joined(reviewers, ", "), .text(".")]),
        ])
    }

    private static func whoAndWhen(_ step: Member) -> [Markup] {
        [PageParts.account(step["account"]), PageParts.role(step["role"]), PageParts.time(step["time"]), PageParts.record(step["record"])]
    }

    private var steps: Markup {
        let rows = title["steps"].list.map { step -> [Markup] in
            let act = step["act"].string.map { word(DossierAct.self, $0, Words.act) } ?? step["kind"].string.map(Words.step)
            let stages = [step["from"], step["to"]].compactMap(\.string).map { word(DossierStage.self, $0, Words.stage) }
            return [
                PageParts.text(act), PageParts.lines([PageParts.text(stages.joined(separator: " → ")), notes(step)]),
                PageParts.account(step["account"]),
                PageParts.role(step["role"]), PageParts.time(step["time"]), PageParts.record(step["record"]),
            ]
        }
        return PageParts.table(
            "Từ đăng ký đến nay", columns: ["Việc", "Chuyển trạng thái, ghi chú", "Tài khoản", "Tư cách", "Thời điểm", "Bản ghi"], rows: rows,
            kind: "steps")
    }

    private func notes(_ step: Member) -> Markup {
        let review = step["review"]
        let votes = [review["votes_for"].integer.map { "\($0) đồng ý" }, review["votes_against"].integer.map { "\($0) không đồng ý" }].compactMap(
            \.self)
        let participants = review["participants"].strings.map(Markup.quoted)
        return PageParts.lines([
            step["reason"].string.map { .group([.text("Lý do: "), .quoted($0)]) } ?? .nothing,
            review["held_on"].isThere ? .group([.text("Họp ngày "), PageParts.day(review["held_on"])]) : .nothing,
            participants.isEmpty ? .nothing : .group([.text("Thành phần: "), PageParts.joined(participants, ", ")]),
            votes.isEmpty ? .nothing : .text("Biểu quyết: \(votes.joined(separator: ", "))"),
            review["minutes"].isThere ? .group([.text("Biên bản: "), PageParts.item(review["minutes"], decision)]) : .nothing,
        ])
    }
}
