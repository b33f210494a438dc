import Evidence
import Ledger

/// `decision.json` as Storage/Bundle.md has it, of people who are invented.
enum ReadableSample {
    static let object = Digest(of: "%PDF-1.4 giấy chứng nhận".utf8).hex
    static let photo = Digest(of: "ảnh".utf8).hex
    static let minutes = Digest(of: "biên bản".utf8).hex
    static let rules = Digest(of: "quy tắc".utf8).hex
    static let criteria = Digest(of: "tiêu chí".utf8).hex
    static let text = Digest(of: "văn bản".utf8).hex
    static let root = Digest(of: "gốc".utf8).hex

    static func json(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

    /// A title of one person.
    static func single() throws -> JSON {
        try decision(scope: #"{"title":"ti-73r0c5ypgs1qv9d8"}"#, titles: [title("ti-73r0c5ypgs1qv9d8", "Trần Thị Bưởi", "stands")])
    }

    /// A list of a unit, with a revoked and a replaced title.
    static func list(_ count: Int = 3) throws -> JSON {
        let names = ["Trần Thị Bưởi", "Lê Văn Cam", "Phạm Quýt"]
        let states = ["stands", "revoked", "replaced"]
        let titles = (0..<count).map { index in
            title("ti-73r0c5ypgs1qv9\(10 + index)", "\(names[index % 3])\(index < 3 ? "" : " \(index)")", states[index % 3])
        }
        return try decision(scope: #"{"cycle":2025,"unit":"un-77evh8sm87ga48nr"}"#, titles: titles)
    }

    /// An honour that rests on the titles of a list.
    static func honour() throws -> JSON {
        guard case .object(var members) = try list(2) else { return .null }
        members["scope"] = .object(["title": .string("ti-7hm1v4fhzgrqmbj4")])
        members["honour"] = try json(
            #"{"honour":"ti-7hm1v4fhzgrqmbj4","name":"tiêu biểu","state":"stands","record":190,"#
                + #""person":{"person":"pe-2z0mt3h6k9q4b7w1","name":"Trần Thị Bưởi","birth_year":1984,"record":17},"#
                + #""time":"2029-12-10T02:00:00.000Z","account":"officer-05","titles":["ti-73r0c5ypgs1qv910","ti-73r0c5ypgs1qv911"],"#
                + #""document":\#(document)}"#)
        return .object(members)
    }

    static func accessLines(_ count: Int = 3) throws -> [JSON] {
        try (0..<count).map { index in
            try json(
                #"{"header":{"actor":"console:root","acting_as":"officer-0\#(index % 9)","kind":"evidence.viewed","number":\#(index),"#
                    + #""subjects":["ev-q97t4d1m8r2k5c0x","ti-73r0c5ypgs1qv9d8","ev-aaaaaaaaaaaaaaaa"],"#
                    + #""time":"2026-11-22T18:0\#(index % 6):07.120Z"},"path":[]}"#
            )
        }
    }

    static let files: [(name: String, size: Int64, mediaType: String?)] = [
        ("index.html", 40_000, "text/html"), ("decision.json", 9000, "application/json"), ("access.jsonl", 700, nil),
        ("evidence/\(object)", 91_231, "application/pdf"), ("evidence/\(photo)", 5, nil), ("rules/\(rules).json", 2563, "application/json"),
        ("rules/\(criteria).json", 4000, "application/json"), ("texts/\(text).txt", 779, "text/plain"),
        ("records/000000153.json", 2100, "application/json"),
        ("ro-crate-metadata.json", 0, nil),
    ]

    private static let document =
        #"{"authority":"Ủy ban nhân dân phường Tân Thạnh","code_notation":"QĐ-UBND","code_number":"125","decision":"de-c5pd8m1k4r7t0w3y","#
        + #""issued_on":"2025-12-10","signer":"Nguyễn Văn Ký"}"#

    private static let indicators: [(code: String, name: String, halves: Int)] = [
        ("A1", "Đọc, tìm kiếm, cập nhật thông tin", 18), ("A2", "Kế hoạch học tập", 16),
        ("A3", "Sắp xếp thời gian tham gia hoạt động học tập cộng đồng", 19),
        ("A4", "Động viên, tạo điều kiện cho người thân, đồng nghiệp học tập", 18), ("B1", "Sử dụng công nghệ thông tin", 16),
        ("B2", "Sử dụng ngoại ngữ", 10), ("B3", "Tính toán, cải tiến công việc", 18), ("B4", "Tư duy biện chứng, tư duy phản biện", 16),
        ("C1", "Quan hệ thân thiện, giải quyết xung đột", 20), ("C2", "Hợp tác, chia sẻ", 20),
    ]

    private static func title(_ id: String, _ name: String, _ state: String) -> String {
        let scores = indicators.map {
            #"{"indicator":"\#($0.code)","name":"\#($0.name)","halves":\#($0.halves),"partial":\#($0.code == "B2"),"record":147}"#
        }
        let source = "Kế hoạch … phường Tân Thạnh, UBND phường Tân Thạnh, 2022-07-01, II.3: “"
        let reasons =
            indicators.flatMap { indicator -> [String] in
                let points = indicator.halves.isMultiple(of: 2) ? "\(indicator.halves / 2)" : "\(indicator.halves / 2).5"
                return [
                    #"{"rule":"complete:\#(indicator.code)","met":true,"text":"\#(indicator.code) has a score"}"#,
                    #"{"rule":"scale:\#(indicator.code)","met":true,"#
                        + #""text":"\#(indicator.code) = \#(points) ≤ 10 [\#(source)điểm tối đa là 10 điểm”]"}"#,
                    #"{"rule":"floor:\#(indicator.code)","met":true,"#
                        + #""text":"\#(indicator.code) = \#(points) ≥ 5 [\#(source)không có chỉ số nào dưới 5 điểm”]"}"#,
                ]
            } + [
                #"{"rule":"halves:A3","met":false,"text":"A3 = 9.5 is not whole [Cách hiểu của dự án MinhChung, MinhChung (provisional)]"}"#,
                #"{"rule":"threshold","met":true,"text":"total 85.5 ≥ 80 [\#(source)từ 80 điểm trở lên”]"}"#,
            ]
        let citations = [
            ("A4", "ev-q97t4d1m8r2k5c0x", object, "[1,3]"), ("C1", "ev-m3n6p9r2t5w8y1b4", photo, "[]"),
            ("B1", "ev-k2j5h8g1f4d7s0a3", minutes, "[2]"),
        ]
        .map { code, item, digest, pages in
            #"{"citation":"ci-cp52w8x1k4m7r0t3","indicator":"\#(code)","evidence":{"item":"\#(item)","object":"\#(digest)"},"#
                + (pages == "[]" ? "" : #""pages":\#(pages),"text":"\#(text)","#)
                + #""verification":"\#(code == "C1" ? "submitted" : "verified")","record":71,"note":"dòng thứ hai"}"#
        }
        let acts = [
            ("dossier.opened", "", "", "registered", "citizen", 40), ("dossier.stepped", "declare", "registered", "declaring", "citizen", 41),
            ("dossier.stepped", "submit", "declaring", "submitted", "citizen", 90),
            ("dossier.stepped", "review", "submitted", "reviewed", "reviewer", 120),
            ("dossier.stepped", "appraise", "reviewed", "appraised", "appraiser", 130),
            ("dossier.stepped", "confirm", "appraised", "confirmed", "confirmer", 140),
            ("dossier.stepped", "propose", "confirmed", "proposed", "appraiser", 148),
            ("dossier.decided", "recognise", "proposed", "recognised", "authority", 153),
        ]
        let steps = acts.map { kind, act, from, to, role, record in
            let review =
                act == "review"
                ? #","review":{"held_on":"2025-11-21","participants":["Bà Tư","Ông Năm"],"votes_for":2,"votes_against":0,"#
                    + #""minutes":{"item":"ev-k2j5h8g1f4d7s0a3","object":"\#(minutes)"}}"# : ""
            let account = role == "citizen" ? "citizen-02" : "officer-0\(record % 7)"
            return
                #"{"record":\#(record),"time":"2025-\#(record < 100 ? "10-02" : "11-29")T17:34:\#(10 + record % 50).214Z","account":"\#(account)","#
                + #""role":"\#(role)","kind":"\#(kind)""# + (act.isEmpty ? "" : #","act":"\#(act)""#) + (from.isEmpty ? "" : #","from":"\#(from)""#)
                + #","to":"\#(to)"\#(review)}"#
        }
        return #"{"title":"\#(id)","dossier":"do-wbc7t2m5k8r1x4q9","cycle":2025,"group":"worker","from":"proposed","#
            + #""person":{"person":"pe-2z0mt3h6k9q4b7w1","name":"\#(name)","birth_year":1984,"record":17},"#
            + #""unit":{"unit":"un-77evh8sm87ga48nr","name":"Phường Suối Giả Định","code":"99999","kind":"ward","record":9},"#
            + #""document":\#(document),"record":153,"time":"2025-12-10T17:34:19.214Z","account":"officer-05","role":"authority","#
            + #""reviewers":["officer-01","officer-04"],"state":"\#(state)"\#(state == "stands" ? "" : #","ended_by":160"#),"#
            + #""rules":{"code":"tan-thanh-ward","object":"\#(rules)","provisional":false,"#
            + #""title":"Đánh giá, công nhận “công dân học tập” trên địa bàn phường","version":1},"#
            + #""criteria":{"code":"framework","object":"\#(criteria)","provisional":true,"title":"Bộ tiêu chí khung “Công dân học tập”","#
            + #""version":1},"#
            + #""scores":[\#(scores.joined(separator: ","))],"citations":[\#(citations.joined(separator: ","))],"#
            + #""verdict":{"recognised":true,"total_halves":171,"grade":"Tốt","reasons":[\#(reasons.joined(separator: ","))]},"#
            + #""steps":[\#(steps.joined(separator: ","))]}"#
    }

    private static func decision(scope: String, titles: [String]) throws -> JSON {
        let evidence = [
            #"{"item":"ev-q97t4d1m8r2k5c0x","object":"\#(object)","uses":["citation"],"described":33,"#
                + #""deposited":{"record":22,"time":"2025-10-02T08:15:00.042Z","account":"citizen-02"},"#
                + #""metadata":{"title":"Giấy xác nhận tham gia học tập và sinh hoạt cộng đồng","kind":"confirmation","assurance":"citizen-copy","#
                + #""issuer":"Trung tâm học tập cộng đồng phường Suối Giả Định","code_number":"12","code_notation":"GXN-TTHTCĐ","#
                + #""issued_on":"2025-09-30","#
                + #""valid_from":"2025-09-30","valid_until":"2026-09-30","holder":"Trần Thị Bưởi","person":"pe-2z0mt3h6k9q4b7w1","language":"vi","#
                + #""subject":"Về việc tham gia học tập","file_name":"giấy xác nhận.pdf"},"#
                + #""extraction":{"record":47,"media_type":"application/pdf","page_count":3,"text":"\#(text)"},"#
                + #""findings":[{"record":70,"time":"2025-11-03T02:00:00.000Z","account":"officer-07","role":"reviewer","state":"verified","#
                + #""method":"original-seen"}]}"#,
            #"{"item":"ev-m3n6p9r2t5w8y1b4","object":"\#(photo)","uses":["citation"],"erased":158,"findings":[],"#
                + #""deposited":{"record":23,"time":"2025-10-02T08:16:00.042Z","account":"citizen-02"}}"#,
            #"{"item":"ev-k2j5h8g1f4d7s0a3","object":"\#(minutes)","uses":["citation","minutes"],"findings":[],"#
                + #""deposited":{"record":118,"time":"2025-11-21T08:16:00.042Z","account":"officer-01"},"#
                + #""metadata":{"title":"Biên bản bình xét","kind":"report","assurance":"original-seen","file_name":"../../bien-ban.pdf"}}"#,
        ]
        return try json(
            #"{"bundle":1,"archive":"ar-4qfvzwhwvpe55mjk","scope":\#(scope),"#
                + #""checkpoint":{"origin":"ar-4qfvzwhwvpe55mjk.minhchung/1/records","root":"\#(root)","size":191},"#
                + #""access_checkpoint":{"origin":"ar-4qfvzwhwvpe55mjk.minhchung/1/access","root":"\#(root)","size":88},"#
                + #""titles":[\#(titles.joined(separator: ","))],"evidence":[\#(evidence.joined(separator: ","))],"#
                + #""files":[{"object":"\#(object)","size":91231,"state":"enclosed","checked_at":"2026-11-01T20:00:00.000Z","check_record":170},"#
                + #"{"object":"\#(photo)","state":"erased"},{"object":"\#(minutes)","size":2345678,"state":"withheld","#
                + #""checked_at":"2026-11-01T20:00:00.000Z","check_record":170}]}"#
        )
    }
}
