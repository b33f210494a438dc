internal import Evidence

/// Every item of evidence: what it is, where it is from, what was found of it, and whether its file is there.
struct EvidenceSection {
    let decision: DecisionMembers

    var markup: Markup {
        PageParts.section(
            "minh-chung", "Minh chứng",
            decision.evidence.isEmpty
                ? [] : [totals, .each(decision.evidence.count) { article(decision.evidence[$0], place: $0 + 1) }])
    }

    private var totals: Markup {
        let states = decision.whole["files"].list.compactMap { $0["state"].string }
        let counts = [("enclosed", "kèm theo"), ("withheld", "không kèm theo"), ("erased", "đã xóa")].compactMap { state, name in
            let count = states.count { $0 == state }
            return count == 0 ? nil : "\(count) tệp \(name)"
        }
        return .element(
            "p",
            text: "\(decision.evidence.count) minh chứng" + (counts.isEmpty ? "." : "; \(counts.joined(separator: ", ")).")
                + " Tên tệp trong gói là mã SHA-256 của nội dung; khi tải về, tệp được đặt lại tên mà người nộp đã dùng.")
    }

    private func article(_ item: Member, place: Int) -> Markup {
        .element(
            "article", [.id("mc-\(place)")],
            [
                .element("h3", [], [.text("MC \(place). "), .quoted(PageParts.name(of: item))]),
                PageParts.facts(declared(item["metadata"]) + origin(item) + bytes(item)),
                findings(item),
            ])
    }

    private func declared(_ metadata: Member) -> [(name: String, value: Markup)] {
        let validity = [metadata["valid_from"], metadata["valid_until"]]
        return [
            ("Loại", PageParts.text(metadata["kind"].string.map { word(EvidenceKind.self, $0, Words.kind) })),
            ("Cơ quan cấp", PageParts.quoted(metadata["issuer"])), ("Số, ký hiệu", PageParts.codeText(metadata).map(Markup.quoted) ?? .nothing),
            ("Trích yếu", PageParts.quoted(metadata["subject"])), ("Ngày cấp", PageParts.day(metadata["issued_on"])),
            (
                "Có giá trị",
                PageParts.joined(
                    [
                        validity[0].isThere ? .group([.text("từ "), PageParts.day(validity[0])]) : .nothing,
                        validity[1].isThere ? .group([.text("đến hết "), PageParts.day(validity[1])]) : .nothing,
                    ], " ")
            ),
            ("Của ai", PageParts.joined([PageParts.quoted(metadata["holder"]), PageParts.code(metadata["person"])], ", ")),
            ("Mức tin cậy", PageParts.text(metadata["assurance"].string.map { word(AssuranceLevel.self, $0, Words.assurance) })),
            ("Ngôn ngữ", PageParts.quoted(metadata["language"])), ("Tên tệp khi nộp", PageParts.quoted(metadata["file_name"])),
        ]
    }

    private func origin(_ item: Member) -> [(name: String, value: Markup)] {
        let deposited = item["deposited"]
        return [
            (
                "Nộp",
                PageParts.joined(
                    [
                        PageParts.time(deposited["time"]), PageParts.account(deposited["account"]),
                        deposited["record"].isThere ? .group([.text("bản ghi "), PageParts.record(deposited["record"])]) : .nothing,
                    ], ", ")
            ),
            ("Sửa thông tin", item["described"].isThere ? .group([.text("bản ghi "), PageParts.record(item["described"])]) : .nothing),
            ("Dùng làm", PageParts.text(item["uses"].strings.isEmpty ? nil : item["uses"].strings.map(Words.use).joined(separator: ", "))),
            (
                "Đã xóa",
                item["erased"].isThere
                    ? .group([PageParts.badge("erased", "Đã xóa theo quy định"), .text(" bản ghi "), PageParts.record(item["erased"])]) : .nothing
            ),
        ]
    }

    private func bytes(_ item: Member) -> [(name: String, value: Markup)] {
        let file = decision.file(item["object"].string)
        let extraction = item["extraction"]
        return [
            (
                "Tệp",
                PageParts.joined(
                    [
                        PageParts.file(of: item, decision), PageParts.text(file["size"].integer.map(Written.size)),
                        PageParts.quoted(extraction["media_type"]),
                        PageParts.text(extraction["page_count"].integer.map { "\($0) trang" }),
                    ], ", ")
            ),
            ("Mã SHA-256", PageParts.digest(item["object"])),
            (
                "Kiểm tra toàn vẹn",
                PageParts.joined(
                    [
                        PageParts.time(file["checked_at"]),
                        file["check_record"].isThere ? .group([.text("bản ghi "), PageParts.record(file["check_record"])]) : .nothing,
                    ], ", ")
            ),
            ("Mã minh chứng", PageParts.code(item["item"])),
        ]
    }

    private func findings(_ item: Member) -> Markup {
        let rows = item["findings"].list.map { finding -> [Markup] in
            let method = finding["method"].string.map { word(VerificationMethod.self, $0, Words.method) }
            return [
                PageParts.text(finding["state"].string.map { word(VerificationState.self, $0, Words.verification) }),
                PageParts.lines([
                    PageParts.text(method), PageParts.quoted(finding["reason"]),
                    finding["by"].isThere ? .group([.text("thay bằng "), PageParts.code(finding["by"])]) : .nothing,
                ]),
                PageParts.account(finding["account"]), PageParts.role(finding["role"]), PageParts.time(finding["time"]),
                PageParts.record(finding["record"]),
            ]
        }
        return PageParts.table(
            "Xác minh", columns: ["Kết quả", "Cách làm, lý do", "Tài khoản", "Tư cách", "Thời điểm", "Bản ghi"], rows: rows, kind: "findings")
    }
}
