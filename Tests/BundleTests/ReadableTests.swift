import Bundle
import Evidence
import Foundation
import Ledger
import Testing

/// The parts of a bundle that people read: the page and the crate. VERIFY.md has tests of its own.
@Suite("What people read in a bundle")
struct ReadableTests {
    static func page(_ decision: JSON, _ lines: [JSON] = []) -> String {
        String(decoding: ReadablePage.html(decision, accessLines: lines), as: UTF8.self)
    }

    static func samples() throws -> [JSON] { [try ReadableSample.single(), try ReadableSample.list(), try ReadableSample.honour()] }

    // MARK: The page

    @Test("A page says what a person wants to know, in Vietnamese")
    func pageSaysWhatCounts() throws {
        let page = Self.page(try ReadableSample.single(), try ReadableSample.accessLines())
        let wanted = [
            "<html lang=\"vi\">", "trang này tự nó không chứng minh điều gì", "minhchung verify-bundle", "href=\"../VERIFY.md\"", "Trần Thị Bưởi",
            "125/QĐ-UBND", "10/12/2025", "Ủy ban nhân dân phường Tân Thạnh", "Nguyễn Văn Ký", "Còn hiệu lực", "9,5", "chưa đầy đủ",
            "Tổng điểm: 85,5", "Xếp loại", "đã đối chiếu bản chính", "1, 3", "cả tài liệu", "Mở tệp", "Không kèm theo", "Đã xóa",
            "A3 = 9,5 không phải số nguyên", "tổng điểm 85,5 ≥ 80", "UBND phường Tân Thạnh, 01/07/2022, II.3: “từ 80 điểm trở lên”",
            "(tạm thời, chưa có văn bản chính thức)", "2 đồng ý, 0 không đồng ý", "người thẩm định", "91,2 kB (91.231 byte)",
            // 2025-12-10T17:34:19.214Z is the next day in Việt Nam.
            "datetime=\"2025-12-10T17:34:19.214Z\" title=\"UTC: 2025-12-10T17:34:19.214Z\">11/12/2025 00:34:19", "records/000000153.json",
            "href=\"evidence/\(ReadableSample.object)\" download=\"giấy xác nhận.pdf\"", "xem thông tin minh chứng", "Kỷ nguyên", ReadableSample.root,
        ]
        for text in wanted { #expect(page.contains(text), "the page does not say \(text)") }
        #expect(!page.contains("Mục lục"), "one title needs no contents")
        #expect(!page.lowercased().contains("bằng chứng"))
    }

    @Test("A list begins with its contents, and each title of it has its state")
    func listHasContents() throws {
        let page = Self.page(try ReadableSample.list())
        for text in ["Mục lục", "href=\"#danh-hieu-3\"", "id=\"danh-hieu-3\"", "Còn hiệu lực", "Đã thu hồi", "Đã thay thế", "Phường Suối Giả Định"] {
            #expect(page.contains(text), "the list does not have \(text)")
        }
        let honour = Self.page(try ReadableSample.honour())
        #expect(honour.contains("Ghi nhận “Công dân học tập” tiêu biểu") && honour.contains("<dt>Mã ghi nhận</dt>"))
    }

    @Test("The access log is shown to a limit, its last entries, and the page says so")
    func accessLogIsCapped() throws {
        let lines = try ReadableSample.accessLines(ReadablePage.accessRowLimit + 1)
        let page = Self.page(try ReadableSample.single(), lines)
        #expect(page.contains("Bảng chỉ có 200 mục cuối trong 201 mục."))
        #expect(page.components(separatedBy: "thông tin minh chứng</td>").count == 201)
    }

    @Test("A file is offered under its own name, which is never a path")
    func downloadNames() throws {
        let names: [(given: String, offered: String?)] = [
            ("giấy.pdf", "giấy.pdf"), ("../../etc/passwd", "_.._etc_passwd"), (#"C:\a\b.pdf"#, "C__a_b.pdf"), (".bashrc", "bashrc"),
            ("a\u{202E}fdp.exe", "a_fdp.exe"), ("a\"onclick=\"x.pdf", "a_onclick=_x.pdf"), ("..", nil), ("\u{200B}", nil),
        ]
        for (given, offered) in names {
            let decision = try replacing(ReadableSample.single(), fileName: given)
            let page = Self.page(decision)
            let attribute = offered.map { " download=\"\($0)\"" } ?? ""
            #expect(page.contains("href=\"evidence/\(ReadableSample.object)\"\(attribute)>"), "\(given) is offered as something else")
        }
    }

    private func replacing(_ decision: JSON, fileName: String) throws -> JSON {
        Hostile.mapped(decision) { .string($0 == "giấy xác nhận.pdf" ? fileName : $0) }
    }

    @Test("Nothing that a document says breaks out, hides or turns the text around", arguments: [0, 1, 2], [false, true])
    func hostileTextsStayTexts(sample: Int, isReplaced: Bool) throws {
        let poison = isReplaced ? Hostile.replaced : Hostile.poisoned
        let lines = try ReadableSample.accessLines().map(poison)
        let bytes = ReadablePage.html(poison(try Self.samples()[sample]), accessLines: lines)
        let page = String(decoding: bytes, as: UTF8.self)
        #expect(page.contains("&lt;script&gt;") && page.contains("[U+202E]") && page.contains("[U+0000]"))
        for forbidden in ["<script", "<img", "onerror=alert(2)>", "</script", "'><"] {
            #expect(!page.contains(forbidden), "\(forbidden) is in the page")
        }
        for scalar in page.unicodeScalars where scalar != "\n" && !(" "..."~").contains(scalar) {
            let category = scalar.properties.generalCategory
            #expect(category != .control && category != .format, "U+\(String(scalar.value, radix: 16)) is in the page")
        }
        try Self.checkMarkup([bytes])
    }

    @Test("A page is well nested and has only what pages have, whatever is missing or of another kind")
    func missingMembersAreLeftOut() throws {
        var pages: [[UInt8]] = []
        let lines = try ReadableSample.accessLines()
        for sample in try [ReadableSample.single(), ReadableSample.honour()] {
            // Some are enough: the second indicator is as the first. An odd step, so that each kind of damage has its turn.
            let all = Hostile.without(sample)
            let damaged = stride(from: 0, to: all.count, by: all.count / 50 | 1).map { all[$0] }
            for decision in damaged {
                pages.append(ReadablePage.html(decision, accessLines: lines))
                _ = ResearchObjectCrate(decision, files: ReadableSample.files).bytes
                _ = VerificationInstructions.markdown(decision, hasStamp: true)
            }
        }
        for decision in [
            JSON.object([:]), .null, .array([]), .object(["titles": .array([.null, .object([:])]), "evidence": .array([.object([:])])]),
        ] {
            pages.append(ReadablePage.html(decision, accessLines: [.null, .object([:]), .object(["header": .integer(1)])]))
            _ = ResearchObjectCrate(decision, files: []).bytes
            _ = VerificationInstructions.markdown(decision, hasStamp: false)
        }
        #expect(pages.count > 90)
        try Self.checkMarkup(pages)
    }

    @Test("A page, as it is, is well nested")
    func pagesAreWellNested() throws {
        try Self.checkMarkup(try Self.samples().map { ReadablePage.html($0, accessLines: try ReadableSample.accessLines()) })
    }

    @Test("Numbers at the ends of what JSON holds are written, not computed to death")
    func extremeNumbers() throws {
        for number in [JSON.safeIntegers.lowerBound, -1, 0, JSON.safeIntegers.upperBound] {
            let decision = Hostile.withNumbers(try ReadableSample.list(), number)
            _ = ReadablePage.html(decision, accessLines: try ReadableSample.accessLines().map { Hostile.withNumbers($0, number) })
            _ = ResearchObjectCrate(decision, files: ReadableSample.files).bytes
            _ = VerificationInstructions.markdown(decision, hasStamp: true)
        }
    }

    @Test("The same members give the same bytes")
    func samePage() throws {
        for sample in try Self.samples() {
            // Read anew, so that dictionaries lie in memory in another order.
            let again = try JSON(parsing: sample.canonicalBytes)
            let lines = try ReadableSample.accessLines()
            #expect(ReadablePage.html(sample, accessLines: lines) == ReadablePage.html(again, accessLines: lines))
            let crate = ResearchObjectCrate(sample, files: ReadableSample.files).bytes
            #expect(crate == ResearchObjectCrate(again, files: ReadableSample.files.reversed()).bytes)
            #expect(VerificationInstructions.markdown(sample, hasStamp: true) == VerificationInstructions.markdown(again, hasStamp: true))
        }
    }

    @Test("A page allows its own style by its digest, and nothing else")
    func policyAllowsTheStyle() throws {
        let page = Self.page(try ReadableSample.single())
        let style = try #require(page.firstMatch(of: #/<style>([\s\S]*?)</style>/#)).1
        let hash = Data(Digest(of: style.utf8).bytes).base64EncodedString()
        let policy = "default-src &#39;none&#39;; style-src &#39;sha256-\(hash)&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"
        #expect(page.contains("http-equiv=\"Content-Security-Policy\" content=\"\(policy)\""))
        #expect(!page.contains("style=\"") && !page.contains("http://") && !page.contains("https://"))
    }

    /// Reads pages with Python's parser: every element ends where it must, only the elements and attributes that pages have, every id
    /// once, and no reference but to places of the page and of the bundle.
    static func checkMarkup(_ pages: [[UInt8]]) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "minhchung-pages-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // What stays in the temporary folder harms nobody.
        defer { try? FileManager.default.removeItem(at: folder) }
        for (index, page) in pages.enumerated() { try Data(page).write(to: folder.appending(path: "\(index).html")) }
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "page_check.py")
        let (status, output) = try ReadableProcess.run("python3", [script.path, folder.path])
        #expect(status == 0, "\(output)")
    }

    @Test(
        "Pages for the eye are written where MINHCHUNG_PAGES names a folder",
        .enabled(if: ProcessInfo.processInfo.environment["MINHCHUNG_PAGES"] != nil))
    func pagesForTheEye() throws {
        let folder = URL(filePath: try #require(ProcessInfo.processInfo.environment["MINHCHUNG_PAGES"]))
        for (name, decision) in zip(["single", "list", "honour"], try Self.samples()) {
            try Data(ReadablePage.html(decision, accessLines: try ReadableSample.accessLines(30))).write(to: folder.appending(path: "\(name).html"))
            try Data(VerificationInstructions.markdown(decision, hasStamp: true)).write(to: folder.appending(path: "\(name).md"))
            try Data(ResearchObjectCrate(decision, files: ReadableSample.files).bytes).write(to: folder.appending(path: "\(name).json"))
        }
    }
}

/// What a hostile document would say.
enum Hostile {
    static let text =
        "\"'><script>alert(1)</script><img src=x onerror=alert(2)>\u{202E}\u{2066}\u{200B}\u{0}\u{1B}[31m\u{7F}\u{FEFF}../../x&amp;`$(id)`"

    /// The same, with that behind every string.
    static func poisoned(_ json: JSON) -> JSON { mapped(json) { .string($0 + text) } }

    /// The same, with that in the place of every string.
    static func replaced(_ json: JSON) -> JSON { mapped(json) { _ in .string(text) } }

    static func mapped(_ json: JSON, _ change: (String) -> JSON) -> JSON {
        switch json {
        case .string(let string): change(string)
        case .array(let values): .array(values.map { mapped($0, change) })
        case .object(let members): .object(members.mapValues { mapped($0, change) })
        default: json
        }
    }

    static func withNumbers(_ json: JSON, _ number: Int64) -> JSON {
        switch json {
        case .integer: .integer(number)
        case .array(let values): .array(values.map { withNumbers($0, number) })
        case .object(let members): .object(members.mapValues { withNumbers($0, number) })
        default: json
        }
    }

    /// The same without each member and element, one at a time, and with a number or an object in its place.
    static func without(_ json: JSON) -> [JSON] {
        switch json {
        case .array(let values):
            return values.indices.flatMap { index -> [JSON] in
                func with(_ value: JSON) -> JSON {
                    var changed = values
                    changed[index] = value
                    return .array(changed)
                }
                return [with(.integer(7)), with(.object([:]))] + without(values[index]).map(with)
            }
        case .object(let members):
            return members.sorted { $0.key < $1.key }.flatMap { name, value -> [JSON] in
                func with(_ value: JSON?) -> JSON {
                    var changed = members
                    changed[name] = value
                    return .object(changed)
                }
                return [with(nil), with(.integer(-7)), with(.array([.null])), with(.object([:]))] + without(value).map(with)
            }
        default: return []
        }
    }
}

enum ReadableProcess {
    /// Runs a program of the path and waits for it.
    static func run(_ program: String, _ arguments: [String], in folder: URL? = nil) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = folder
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
