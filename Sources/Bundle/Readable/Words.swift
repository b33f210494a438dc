internal import Evidence
internal import Recognition

// The programme's words in Vietnamese. A value of a later version, which these do not know, is shown as it is written.

/// The word for `value`, when `kind` has it.
func word<Kind: RawRepresentable<String>>(_ kind: Kind.Type, _ value: String, _ vietnamese: (Kind) -> String) -> String {
    Kind(rawValue: value).map(vietnamese) ?? value
}

enum Words {
    static func role(_ role: Role) -> String {
        switch role {
        case .citizen: "công dân"
        case .assistant: "người nhập hộ"
        case .reviewer: "người bình xét"
        case .appraiser: "người thẩm định"
        case .confirmer: "người xác nhận"
        case .authority: "người có thẩm quyền"
        case .inspector: "người kiểm tra"
        case .administrator: "người quản trị"
        }
    }

    static func act(_ act: DossierAct) -> String {
        switch act {
        case .declare: "Kê khai"
        case .submit: "Nộp hồ sơ"
        case .review: "Bình xét"
        case .appraise: "Thẩm định"
        case .confirm: "Xác nhận"
        case .propose: "Đề nghị công nhận"
        case .recognise: "Quyết định công nhận"
        case .refuse: "Quyết định không công nhận"
        case .returnForSupplement: "Trả lại, yêu cầu bổ sung"
        case .withdraw: "Rút hồ sơ"
        case .object: "Khiếu nại, phản ánh"
        case .appeal: "Khiếu nại lên cấp trên"
        case .uphold: "Giữ nguyên quyết định"
        case .reopen: "Xem xét lại"
        case .revoke: "Thu hồi"
        }
    }

    /// What a record of a dossier's life is, where it names no act.
    static func step(kind: String) -> String {
        switch kind {
        case "dossier.opened": "Đăng ký"
        case "dossier.decided": "Quyết định"
        case "title.revoked": "Thu hồi danh hiệu"
        default: kind
        }
    }

    static func stage(_ stage: DossierStage) -> String {
        switch stage {
        case .registered: "đã đăng ký"
        case .declaring: "đang kê khai"
        case .submitted: "đã nộp"
        case .reviewed: "đã bình xét"
        case .appraised: "đã thẩm định"
        case .confirmed: "đã xác nhận"
        case .proposed: "đã đề nghị"
        case .recognised: "được công nhận"
        case .refused: "không được công nhận"
        case .returned: "trả lại để bổ sung"
        case .withdrawn: "đã rút"
        case .objected: "đang khiếu nại"
        case .appealed: "đang khiếu nại lên cấp trên"
        case .revoked: "đã thu hồi"
        }
    }

    static func verification(_ state: VerificationState) -> String {
        switch state {
        case .submitted: "mới nộp, chưa xác minh"
        case .inReview: "đang xác minh"
        case .verified: "đã xác minh"
        case .rejected: "không được chấp nhận"
        case .needsMore: "cần bổ sung"
        case .revoked: "đã bị nơi cấp thu hồi"
        case .expired: "hết hiệu lực"
        case .superseded: "đã thay bằng bản khác"
        case .erased: "đã xóa"
        }
    }

    static func method(_ method: VerificationMethod) -> String {
        switch method {
        case .originalSeen: "đã đối chiếu bản chính"
        case .issuerConfirmed: "nơi cấp đã xác nhận"
        case .signatureChecked: "đã kiểm tra chữ ký số"
        }
    }

    static func kind(_ kind: EvidenceKind) -> String {
        switch kind {
        case .certificate: "Giấy chứng nhận, chứng chỉ"
        case .decision: "Quyết định"
        case .report: "Báo cáo"
        case .photo: "Ảnh"
        case .workSample: "Sản phẩm, bài làm"
        case .confirmation: "Giấy xác nhận"
        case .other: "Loại khác"
        }
    }

    static func assurance(_ level: AssuranceLevel) -> String {
        switch level {
        case .citizenCopy: "bản sao do công dân nộp"
        case .originalSeen: "bản sao, đã đối chiếu bản chính"
        case .bornDigitalSigned: "văn bản điện tử có chữ ký số"
        case .verifiedAtSource: "đã xác minh tại nơi cấp"
        }
    }

    static func unit(_ kind: UnitKind) -> String {
        switch kind {
        case .province: "tỉnh, thành phố"
        case .district: "huyện"
        case .commune: "xã"
        case .ward: "phường"
        case .specialZone: "đặc khu"
        case .locality: "thôn, khối phố"
        case .agency: "cơ quan, đơn vị"
        case .school: "trường học"
        case .association: "Hội Khuyến học"
        }
    }

    static func rule(_ rule: RuleName) -> String {
        switch rule {
        case .scale: "Thang điểm"
        case .halves: "Điểm nguyên"
        case .evidence: "Có minh chứng mới cho điểm"
        case .partial: "Điểm khi có thực hiện nhưng chưa đầy đủ"
        case .complete: "Mỗi chỉ số đều có điểm"
        case .threshold: "Tổng điểm cần đạt"
        case .floor: "Điểm thấp nhất của mỗi chỉ số"
        }
    }

    /// Groups are data of the criteria set; these are the short names of the plans.
    static func group(_ code: String) -> String {
        switch code {
        case "farmer": "nông dân"
        case "worker": "công nhân"
        case "intellectual": "trí thức"
        case "businessperson": "doanh nhân"
        default: code
        }
    }

    static func use(_ use: String) -> String {
        switch use {
        case "citation": "trích dẫn cho chỉ số"
        case "minutes": "biên bản bình xét"
        case "scan": "bản chụp quyết định"
        default: use
        }
    }

    /// What an entry of the access log, or a record about evidence, says that somebody did.
    static func access(kind: String) -> String {
        switch kind {
        case "evidence.listed": "thấy trong danh sách minh chứng"
        case "evidence.found": "thấy khi tìm kiếm"
        case "evidence.viewed": "xem thông tin minh chứng"
        case "evidence.exported": "lấy tệp minh chứng"
        case "evidence.traced": "truy vết minh chứng"
        case "person.viewed": "xem thông tin người"
        case "dossier.viewed": "xem hồ sơ"
        default: kind
        }
    }

    /// Phrases of a verdict's statements, longest first where one begins like another.
    private static let phrases: [(english: String, vietnamese: String)] = [
        ("total ", "tổng điểm "), ("has no score", "chưa có điểm"), ("has a score", "có điểm"), ("is not whole", "không phải số nguyên"),
        ("is whole", "là số nguyên"), ("without evidence counts", "nhưng không có minh chứng nên tính"), ("without evidence", "không có minh chứng"),
        ("with evidence", "có minh chứng"), ("in part <", "(chưa đầy đủ) <"), ("more than 0 but <", "lớn hơn 0 nhưng <"),
    ]

    /// A reason's text in its two parts: `B2 = 9,5 ≥ 5`, and the source that it had in brackets.
    static func reason(_ text: String) -> (statement: String, source: String?) {
        var statement = text
        var source: String?
        if text.hasSuffix("]"), let gap = text.firstRange(of: " [") {
            statement = String(text[..<gap.lowerBound])
            source = Self.source(String(text[gap.upperBound...].dropLast()))
        }
        for (english, vietnamese) in phrases { statement.replace(english, with: vietnamese, maxReplacements: 1) }
        statement.replace(".5", with: ",5")
        return (statement, source)
    }

    private static let provisionalNote = " (tạm thời, chưa có văn bản chính thức)"

    /// A citation of a rule's source, with its date as people write it. The words of the document are left as they are.
    private static func source(_ citation: String) -> String {
        var (head, quote) =
            citation.firstRange(of: ": “").map { (String(citation[..<$0.lowerBound]), String(citation[$0.lowerBound...])) } ?? (citation, "")
        head = head.split(separator: ", ", omittingEmptySubsequences: false).map { part in
            CalendarDate(part).map(Written.day) ?? String(part)
        }.joined(separator: ", ")
        let mark = " (provisional)"
        var note = ""
        if quote.hasSuffix(mark) {
            quote.removeLast(mark.count)
            note = provisionalNote
        } else if quote.isEmpty, head.hasSuffix(mark) {
            head.removeLast(mark.count)
            note = provisionalNote
        }
        return head + quote + note
    }
}

/// Numbers, days and moments as they are written in Việt Nam.
enum Written {
    static func day(_ day: CalendarDate) -> String { "\(padded(day.day))/\(padded(day.month))/\(day.year)" }

    /// The moment in Việt Nam (UTC+7), to the second: `21/11/2026 21:41:28`.
    static func time(_ time: Timestamp) -> String {
        let local = Timestamp(milliseconds: time.milliseconds + 7 * 3_600_000)
        return "\(day(local.date)) \(local.description.dropFirst(11).prefix(8))"
    }

    /// Points from halves: 19 is `9,5`.
    static func points(halves: Int64) -> String {
        let whole = (halves / 2).magnitude
        return "\(halves < 0 ? "−" : "")\(whole)\(halves.isMultiple(of: 2) ? "" : ",5")"
    }

    /// A size with its exact number of bytes: `91,2 kB (91.231 byte)`.
    static func size(_ bytes: Int64) -> String {
        let units: [(scale: Int64, name: String)] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")]
        let exact = "\(grouped(bytes)) byte"
        guard let unit = units.first(where: { bytes >= $0.scale }) else { return exact }
        let tenths = bytes / (unit.scale / 10)
        return "\(grouped(tenths / 10)),\(tenths % 10) \(unit.name) (\(exact))"
    }

    /// Thousands have dots between them.
    static func grouped(_ number: Int64) -> String {
        var groups = ""
        for (index, digit) in String(number.magnitude).reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3) { groups = ".\(groups)" }
            groups = "\(digit)\(groups)"
        }
        return number < 0 ? "−\(groups)" : groups
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
