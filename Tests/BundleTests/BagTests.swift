import Bundle
import Evidence
import Foundation
import Testing

/// A bag to be made wrong in one way.
struct Bag: Sendable {
    var declaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    var files: [String: [UInt8]] = ["data/a": Array("A".utf8), "data/b/c": Array("C".utf8)]
    /// By algorithm; a manifest of the payload where nothing is said.
    var manifests: [String: String] = ["sha256": Bag.standard]
    /// Whether a tag manifest of everything stands there.
    var isSealed = true
    var change: (@Sendable (Workplace) throws -> Void)?

    static let digestA = Digest(of: Array("A".utf8)).hex
    static let digestC = Digest(of: Array("C".utf8)).hex
    static let digestOfNothing = Digest.ofNothing.hex
    static let standard = "\(digestA)  data/a\n\(digestC)  data/b/c\n"

    func with(_ edit: (inout Bag) -> Void) -> Bag {
        var copy = self
        edit(&copy)
        return copy
    }

    static func version(_ version: String) -> Bag {
        Bag().with { $0.declaration = "BagIt-Version: \(version)\nTag-File-Character-Encoding: UTF-8\n" }
    }

    func write(to workplace: Workplace) throws {
        var tags = ["bagit.txt": Array(declaration.utf8)]
        for (algorithm, lines) in manifests { tags["manifest-\(algorithm).txt"] = Array(lines.utf8) }
        for (name, bytes) in files {
            try workplace.write(bytes, to: "bag/" + name)
            if !name.hasPrefix("data/"), !name.hasPrefix("tagmanifest-") { tags[name] = bytes }
        }
        for (name, bytes) in tags { try workplace.write(bytes, to: "bag/" + name) }
        if isSealed {
            let lines = tags.map { "\(Digest(of: $0.value).hex)  \($0.key)\n" }.joined()
            try workplace.write(Array(lines.utf8), to: "bag/tagmanifest-sha256.txt")
        }
        try change?(workplace)
    }
}

struct BagCase: Sendable, CustomTestStringConvertible {
    enum Verdict: Sendable { case clean, warned, refused }

    let testDescription: String
    let verdict: Verdict
    let bag: Bag

    init(_ what: String, _ verdict: Verdict, _ bag: Bag, _ edit: (inout Bag) -> Void = { _ in }) {
        testDescription = what
        self.verdict = verdict
        self.bag = bag.with(edit)
    }
}

@Suite("BagIt")
struct BagTests {
    private static let old = Bag.version("0.97")
    private static func line(_ path: String) -> String { "\(Bag.digestA)  \(path)\n" }
    private static func utf16(_ text: String, _ isLittle: Bool) -> [UInt8] {
        text.utf16.flatMap { isLittle ? [UInt8($0 & 255), UInt8($0 >> 8)] : [UInt8($0 >> 8), UInt8($0 & 255)] }
    }

    static let declarations: [BagCase] = [
        BagCase("a plain bag", .clean, Bag()),
        BagCase("lines ended by CR LF", .clean, Bag()) { $0.declaration = $0.declaration.replacing("\n", with: "\r\n") },
        BagCase("lines ended by CR", .clean, Bag()) { $0.declaration = $0.declaration.replacing("\n", with: "\r") },
        BagCase("whitespace before the colon", .refused, Bag()) { $0.declaration = $0.declaration.replacing(":", with: " :") },
        BagCase("whitespace before the colon before 1.0", .warned, old) { $0.declaration = $0.declaration.replacing(":", with: " :") },
        BagCase("two spaces behind the colon", .refused, Bag()) { $0.declaration = $0.declaration.replacing(": ", with: ":  ") },
        BagCase("a tab behind the colon", .refused, Bag()) { $0.declaration = $0.declaration.replacing(": ", with: ":\t") },
        BagCase("whitespace behind the version", .refused, Bag()) { $0.declaration = $0.declaration.replacing("1.0", with: "1.0 ") },
        BagCase("the lines the other way round", .refused, old) {
            $0.declaration = "Tag-File-Character-Encoding: UTF-8\nBagIt-Version: 0.97\n"
        },
        BagCase("a third line", .refused, old) { $0.declaration += "More: 1\n" },
        BagCase("one line", .refused, old) { $0.declaration = "BagIt-Version: 0.97\n" },
        BagCase("no declaration at all", .refused, Bag()) { $0.change = { try FileManager.default.removeItem(atPath: $0.path("bag/bagit.txt")) } },
        BagCase("an unknown version", .refused, Bag.version("1.1")),
        BagCase("version 2.0", .refused, Bag.version("2.0")),
        BagCase("no version of two numbers", .refused, Bag.version("1")),
        BagCase("an unknown encoding", .refused, Bag()) { $0.declaration = $0.declaration.replacing("UTF-8", with: "KLINGON") },
        BagCase("a byte-order mark", .refused, old) { $0.declaration = "\u{FEFF}" + $0.declaration },
    ]

    static let manifests: [BagCase] = [
        BagCase("no payload manifest", .refused, Bag()) { $0.manifests = [:] },
        BagCase("no payload folder", .refused, Bag()) {
            $0.files = [:]
            $0.manifests = ["sha256": ""]
        },
        BagCase("checksums in upper case", .clean, Bag()) {
            $0.manifests["sha256"] = "\(Bag.digestA.uppercased())  data/a\n\(Bag.digestC) \t data/b/c\n"
        },
        BagCase("a wrong checksum", .refused, Bag()) { $0.manifests["sha256"] = Bag.standard.replacing(Bag.digestA, with: Bag.digestC) },
        BagCase("a short checksum", .refused, Bag()) { $0.manifests["sha256"] = Bag.standard.replacing(Bag.digestA, with: "abcd") },
        BagCase("a line without a path", .refused, Bag()) { $0.manifests["sha256"]? += Bag.digestA + "\n" },
        BagCase("a comment", .refused, Bag()) { $0.manifests["sha256"]? += "# nothing\n" },
        BagCase("a listed file that is missing", .refused, Bag()) { $0.manifests["sha256"]? += line("data/z") },
        BagCase("a file that is not listed", .refused, Bag()) { $0.files["data/z"] = [] },
        BagCase("a folder that is listed", .refused, Bag()) { $0.manifests["sha256"]? += line("data/b") },
        BagCase("a tag file among the payload", .refused, Bag()) { $0.manifests["sha256"]? += line("bagit.txt") },
        BagCase("a file in one of two manifests", .refused, Bag()) { $0.manifests["md5"] = "7fc56270e7a70fa81a5935b72eacbe29  data/a\n" },
        BagCase("a file in one of two manifests before 1.0", .clean, old) {
            $0.manifests["md5"] = "7fc56270e7a70fa81a5935b72eacbe29  data/a\n"
        },
        BagCase("a file listed twice", .refused, Bag()) { $0.manifests["sha256"]? += line("data/a") },
        BagCase("a file listed twice before 1.0", .warned, old) { $0.manifests["sha256"]? += line("data/a") },
        BagCase("a file listed twice, once by way of its folder", .refused, Bag()) { $0.manifests["sha256"]? += line("./data//a") },
        BagCase("a file listed with two checksums", .refused, old) { $0.manifests["sha256"]? += "\(Bag.digestC)  data/a\n" },
        BagCase("a path with a dot", .warned, Bag()) { $0.manifests["sha256"] = Bag.standard.replacing("data/a", with: "./data/a") },
        BagCase("md5sum's star", .warned, Bag()) { $0.manifests["sha256"] = Bag.standard.replacing("  ", with: " *") },
        BagCase("md5sum's backslash", .warned, Bag()) {
            $0.files["data/x\\y"] = Array("A".utf8)
            $0.manifests["sha256"]? += "\\" + line("data/x\\\\y")
        },
        BagCase("an absolute path", .refused, old) { $0.manifests["sha256"]? += line("/etc/hostname") },
        BagCase("a path to a parent and back", .refused, old) { $0.manifests["sha256"] = Bag.standard.replacing("data/a", with: "data/../data/a") },
        BagCase("a path out of the bag", .refused, old) { $0.manifests["sha256"]? += line("data/../../outside") },
        BagCase("a home folder", .refused, old) { $0.manifests["sha256"]? += line("~/data/a") },
        BagCase("an unknown algorithm alone", .refused, Bag()) { $0.manifests = ["crc7": "00  data/a\n00  data/b/c\n"] },
        BagCase("an algorithm in upper case", .refused, Bag()) { $0.manifests = ["SHA256": Bag.standard] },
        BagCase("an algorithm in upper case before 1.0", .warned, old) { $0.manifests = ["SHA256": Bag.standard] },
        BagCase("a symbolic link to a right file", .refused, Bag()) {
            $0.change = {
                try FileManager.default.moveItem(atPath: $0.path("bag/data/a"), toPath: $0.path("a"))
                try FileManager.default.createSymbolicLink(atPath: $0.path("bag/data/a"), withDestinationPath: "../../a")
            }
        },
        BagCase("a linked folder of right files", .refused, Bag()) {
            $0.change = {
                try FileManager.default.moveItem(atPath: $0.path("bag/data/b"), toPath: $0.path("b"))
                try FileManager.default.createSymbolicLink(atPath: $0.path("bag/data/b"), withDestinationPath: "../../b")
            }
        },
    ]

    static let names: [BagCase] = [
        BagCase("escapes of line ends and percent", .clean, Bag()) {
            $0.files["data/x\ny\rz%"] = Array("A".utf8)
            $0.manifests["sha256"]? += line("data/x%0Ay%0dz%25")
        },
        BagCase("escapes of line ends before 1.0", .clean, old) {
            $0.files["data/x\ny"] = Array("A".utf8)
            $0.manifests["sha256"]? += line("data/x%0Ay")
        },
        BagCase("another escape is none", .clean, old) {
            $0.files["data/%7Ex"] = Array("A".utf8)
            $0.manifests["sha256"]? += line("data/%7Ex")
        },
        BagCase("another escape is not undone", .refused, Bag()) {
            $0.files["data/~x"] = Array("A".utf8)
            $0.manifests["sha256"]? += line("data/%7Ex")
        },
        BagCase("spaces in a name", .clean, Bag()) {
            $0.files["data/x  y"] = Array("A".utf8)
            $0.manifests["sha256"]? += line("data/x  y")
        },
        BagCase("another normal form", .warned, Bag()) {
            $0.files["data/u\u{301}"] = Array("A".utf8)
            $0.manifests["sha256"]? += line("data/\u{FA}")
        },
        BagCase("another case", .refused, old) { $0.manifests["sha256"] = Bag.standard.replacing("data/a", with: "data/A") },
        BagCase("two names that differ in case", .warned, Bag()) {
            $0.files["data/A"] = Array("A".utf8)
            $0.manifests["sha256"]? += line("data/A")
        },
        BagCase("an operating system's file", .warned, Bag()) {
            $0.files["data/Thumbs.db"] = Array("A".utf8)
            $0.manifests["sha256"]? += line("data/Thumbs.db")
        },
        BagCase("an operating system's file that is missing and was not empty", .refused, old) {
            $0.manifests["sha256"]? += line("data/Thumbs.db")
        },
        BagCase("an operating system's empty file that is missing from a bag of 1.0", .refused, Bag()) {
            $0.manifests["sha256"]? += "\(Bag.digestOfNothing)  data/.DS_Store\n"
        },
    ]

    static let tags: [BagCase] = [
        BagCase("no tag manifest", .clean, Bag()) { $0.isSealed = false },
        BagCase("a changed tag file", .refused, Bag()) {
            $0.files["notes.txt"] = [1]
            $0.change = { try $0.write([2], to: "bag/notes.txt") }
        },
        BagCase("a tag file that no tag manifest lists", .warned, Bag()) { $0.change = { try $0.write([2], to: "bag/tags/notes.txt") } },
        BagCase("a tag manifest without the payload manifest", .refused, Bag()) {
            $0.isSealed = false
            $0.files["tagmanifest-sha256.txt"] = []
        },
        BagCase("a tag manifest with a payload file", .refused, Bag()) {
            $0.change = { try $0.write($0.read("bag/tagmanifest-sha256.txt") + Array(line("data/a").utf8), to: "bag/tagmanifest-sha256.txt") }
        },
        BagCase("a right Payload-Oxum", .clean, Bag()) { $0.files["bag-info.txt"] = Array("Payload-Oxum: 2.2\n".utf8) },
        BagCase("a wrong number of bytes", .refused, Bag()) { $0.files["bag-info.txt"] = Array("Payload-Oxum: 3.2\n".utf8) },
        BagCase("a wrong number of files", .refused, Bag()) { $0.files["bag-info.txt"] = Array("payload-oxum: 2.3\n".utf8) },
        BagCase("a malformed Payload-Oxum", .refused, Bag()) { $0.files["bag-info.txt"] = Array("Payload-Oxum: 2\n".utf8) },
        BagCase("two right Payload-Oxum", .refused, Bag()) { $0.files["bag-info.txt"] = Array("Payload-Oxum: 2.2\nPayload-Oxum: 2.2\n".utf8) },
        BagCase("a Payload-Oxum on two lines", .clean, Bag()) { $0.files["bag-info.txt"] = Array("Payload-Oxum: \n  2.2\n".utf8) },
        BagCase("a label without a colon", .refused, old) { $0.files["bag-info.txt"] = Array("Contact-Name\n".utf8) },
        BagCase("whitespace before a colon", .refused, Bag()) { $0.files["bag-info.txt"] = Array("Contact-Name : x\n".utf8) },
        BagCase("a repeated element that may be", .clean, Bag()) { $0.files["bag-info.txt"] = Array("Contact-Name: x\nContact-Name: y\n".utf8) },
        BagCase("a repeated element that should not be", .warned, Bag()) {
            $0.files["bag-info.txt"] = Array("Bag-Size: 1 MB\nBag-Size: 2 MB\n".utf8)
        },
        BagCase("the metadata of the first drafts", .refused, Bag.version("0.95")) {
            $0.files["package-info.txt"] = Array("Payload-Oxum: 9.9\n".utf8)
        },
        BagCase("metadata in UTF-16 with a mark", .clean, old) {
            $0.declaration = $0.declaration.replacing("UTF-8", with: "UTF-16")
            $0.isSealed = false
            $0.files["manifest-sha256.txt"] = [0xFF, 0xFE] + utf16(Bag.standard, true)
            $0.manifests = [:]
        },
        BagCase("a manifest in UTF-16 without a mark", .clean, old) {
            $0.declaration = $0.declaration.replacing("UTF-8", with: "utf-16")
            $0.isSealed = false
            $0.files["manifest-sha256.txt"] = utf16(Bag.standard, false)
            $0.manifests = [:]
        },
        BagCase("a name in ISO-8859-1", .clean, old) {
            $0.declaration = $0.declaration.replacing("UTF-8", with: "ISO-8859-1")
            $0.isSealed = false
            $0.files["data/\u{E9}"] = Array("A".utf8)
            $0.files["manifest-sha256.txt"] = Array(Bag.standard.utf8) + Array("\(Bag.digestA)  data/".utf8) + [0xE9, 0x0A]
            $0.manifests = [:]
        },
        BagCase("bytes that are not UTF-8", .refused, Bag()) { $0.files["bag-info.txt"] = Array("Contact-Name: ".utf8) + [0xE9, 0x0A] },
        BagCase("a mark in a file in UTF-8", .refused, Bag()) { $0.files["bag-info.txt"] = Array("\u{FEFF}Contact-Name: x\n".utf8) },
        BagCase("a mark in a file in UTF-8 before 1.0", .warned, old) { $0.files["bag-info.txt"] = Array("\u{FEFF}Contact-Name: x\n".utf8) },
    ]

    private static let url = "https://example.org/a"
    static let fetch: [BagCase] = [
        BagCase("a fetched file", .clean, Bag()) { $0.files["fetch.txt"] = Array("\(url) 1 data/a\n\(url) - data/b/c\n".utf8) },
        BagCase("a file that is to be fetched", .refused, Bag()) {
            $0.files["fetch.txt"] = Array("\(url) 1 data/z\n".utf8)
            $0.manifests["sha256"]? += line("data/z")
        },
        BagCase("a file to be fetched that no manifest lists", .refused, old) { $0.files["fetch.txt"] = Array("\(url) 1 data/z\n".utf8) },
        BagCase("another length than the file has", .warned, Bag()) { $0.files["fetch.txt"] = Array("\(url) 7 data/a\n".utf8) },
        BagCase("no length", .refused, Bag()) { $0.files["fetch.txt"] = Array("\(url) data/a\n".utf8) },
        BagCase("no URL", .refused, Bag()) { $0.files["fetch.txt"] = Array("a/b - data/a\n".utf8) },
        BagCase("a URL without a host", .refused, Bag()) { $0.files["fetch.txt"] = Array("https:///b - data/a\n".utf8) },
        BagCase("a tag file", .refused, Bag()) { $0.files["fetch.txt"] = Array("\(url) - bagit.txt\n".utf8) },
        BagCase("a path out of the bag", .refused, Bag()) { $0.files["fetch.txt"] = Array("\(url) - data/../../a\n".utf8) },
        BagCase("an absolute path", .refused, Bag()) { $0.files["fetch.txt"] = Array("\(url) - /data/a\n".utf8) },
        BagCase("a home folder", .refused, Bag()) { $0.files["fetch.txt"] = Array("\(url) - ~root/a\n".utf8) },
    ]

    @Test("A bag is judged as RFC 8493 has it", arguments: declarations + manifests + names + tags + fetch)
    func judged(_ example: BagCase) throws {
        let workplace = try Workplace()
        try example.bag.write(to: workplace)
        let findings = try BagValidator.findings(inBagAt: workplace.path("bag"))
        let hasError = findings.contains { $0.severity == .error }
        switch example.verdict {
        case .clean: #expect(findings.isEmpty)
        case .warned: #expect(!hasError && !findings.isEmpty, "\(findings)")
        case .refused: #expect(hasError, "\(findings)")
        }
    }

    @Test("A finding says where and what")
    func findingsSayWhere() throws {
        let workplace = try Workplace()
        try Bag().with { $0.files["data/a"] = Array("B".utf8) }.write(to: workplace)
        let found = Digest(of: Array("B".utf8)).hex
        #expect(
            try BagValidator.findings(inBagAt: workplace.path("bag")).map(\.description)
                == ["error: manifest-sha256.txt, line 1: “data/a” has the checksum \(found)"])
    }

    @Test("What cannot be looked at is no finding")
    func absent() throws {
        let workplace = try Workplace()
        #expect(throws: BundleFileError.self) { try BagValidator.findings(inBagAt: workplace.path("absent")) }
    }

    @Test("A bag of our texts is valid to us, to sha256sum and to bagit.py")
    func ours() throws {
        let workplace = try Workplace()
        var generator = SeededGenerator()
        // Names that differ only in case, and macOS's “._” files, are warned of, which is another test's.
        var spellings: Set<String> = []
        let payload = generator.tree(count: 20)
            .filter { !"/\($0.name)".contains("/._") && spellings.insert($0.name.lowercased()).inserted }
            .map { File(name: BagIt.payloadPrefix + $0.name, bytes: $0.bytes) }
        let octets = payload.reduce(Int64(0)) { $0 + Int64($1.bytes.count) }
        var tags = [
            File(name: BagIt.declarationName, bytes: BagIt.declaration),
            File(
                name: BagIt.infoName,
                bytes: try BagIt.info([
                    ("Source-Organization", "Xã Suối Giả Định"), ("Payload-Oxum", BagIt.payloadOxum(octets: octets, streams: payload.count)),
                ])),
            File(name: BagIt.manifestName, bytes: try BagIt.manifest(payload.reversed().map { ($0.name, Digest(of: $0.bytes)) })),
        ]
        tags.append(File(name: BagIt.tagManifestName, bytes: try BagIt.tagManifest(tags.map { ($0.name, Digest(of: $0.bytes)) })))
        let files = (payload + tags).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        try FolderWriter(path: workplace.path("bag")).write(files)
        let findings = try BagValidator.findings(inBagAt: workplace.path("bag"))
        #expect(findings.isEmpty, "seed \(generator.seed): \(findings)")
        let bag = workplace.folder.appendingPathComponent("bag")
        if let sha256sum = Program.sha256sum {
            for name in [BagIt.manifestName, BagIt.tagManifestName] {
                let result = try Program.run(sha256sum, ["--check", "--strict", "--quiet", name], in: bag)
                #expect(result.status == 0 && result.output.isEmpty, "seed \(generator.seed): \(result.output)")
            }
        }
        if let python = Program.python, try Program.run(python, ["-c", "import bagit"]).status == 0 {
            let result = try Program.run(python, ["-m", "bagit", "--validate", "--quiet", bag.path])
            #expect(result.status == 0, "seed \(generator.seed): \(result.output)")
        }
    }

    @Test("Texts that a bag cannot have are refused")
    func unfitTexts() throws {
        let digest = Digest.ofNothing
        #expect(throws: BundleFileError.self) { try BagIt.manifest([("bagit.txt", digest)]) }
        #expect(throws: BundleFileError.self) { try BagIt.manifest([("data/a", digest), ("data/a", digest)]) }
        #expect(throws: BundleFileError.self) { try BagIt.manifest([("data/á", digest)]) }
        #expect(throws: BundleFileError.self) { try BagIt.tagManifest([("data/a", digest)]) }
        #expect(throws: BundleFileError.self) { try BagIt.tagManifest([("tagmanifest-sha256.txt", digest)]) }
        for element in [("", "x"), ("a:b", "x"), (" a", "x"), ("a", ""), ("a", "x\ny"), ("a\r", "x")] {
            #expect(throws: BundleFileError.self) { try BagIt.info([(label: element.0, value: element.1)]) }
        }
    }
}
