import Evidence
import Foundation
import Testing

@testable import Bundle

@Suite("Canonical ZIP")
struct ZIPTests {
    static let small = [
        File(name: "a.txt", bytes: Array("first".utf8)), File(name: "data/b", bytes: []),
        File(name: "data/c.bin", bytes: Array(repeating: 7, count: 40)),
    ]

    private let workplace: Workplace

    init() throws { workplace = try Workplace() }

    private func zip(_ files: [File], _ name: String = "z.zip", layout: ZIPLayout = ZIPLayout(), piece: Int = 1 << 20) throws -> String {
        try ZIPWriter(path: workplace.path(name), layout: layout).write(files, piece: piece)
        return workplace.path(name)
    }

    @Test("What was written is read again, and in whatever pieces it came the bytes are the same", arguments: 0..<8)
    func roundTrip(_: Int) throws {
        var generator = SeededGenerator()
        let files = generator.tree(count: 40)
        let path = try zip(files)
        #expect(try ZIPReader(path: path).files() == files, "seed \(generator.seed)")
        _ = try zip(files, "again.zip", piece: Int.random(in: 1000...700_000, using: &generator))
        #expect(try workplace.read("again.zip") == workplace.read("z.zip"), "seed \(generator.seed)")
        let folder = workplace.path("folder")
        try FolderWriter(path: folder).write(files)
        #expect(try FolderReader(path: folder).files() == files, "seed \(generator.seed)")
        #expect(try workplace.names == ["again.zip", "folder", "z.zip"])
    }

    @Test("A source can be copied into a sink: folder to ZIP gives the ZIP of the same files")
    func copies() throws {
        var generator = SeededGenerator()
        let files = generator.tree(count: 30)
        let path = try zip(files)
        try FolderWriter(path: workplace.path("folder")).write(files)
        let sink = try ZIPWriter(path: workplace.path("copy.zip"))
        try FolderReader(path: workplace.path("folder")).walk { name, size, read in
            try sink.add(name, size: size) { write in try read { try write($0) } }
        }
        try sink.finish()
        #expect(try workplace.read("copy.zip") == Array(Data(contentsOf: URL(fileURLWithPath: path))), "seed \(generator.seed)")
    }

    @Test(
        "Python's zipfile and unzip read our ZIPs, with and without Zip64",
        .enabled(if: Program.python != nil && Program.unzip != nil, "needs python3 and unzip"),
        arguments: [ZIPLayout(), ZIPLayout(sizeLimit: 1000), ZIPLayout(sizeLimit: 0, countLimit: 3)])
    func othersReadIt(_ layout: ZIPLayout) throws {
        var generator = SeededGenerator()
        let files = generator.tree(count: 30)
        let path = try zip(files, layout: layout)
        #expect(try ZIPReader(path: path, layout: layout).files() == files, "seed \(generator.seed)")
        let script = """
            import hashlib, sys, zipfile
            archive = zipfile.ZipFile(sys.argv[1])
            assert archive.testzip() is None
            for info in archive.infolist():
                assert info.compress_type == 0 and info.date_time == (1980, 1, 1, 0, 0, 0) and info.external_attr == 0o100644 << 16
                print(hashlib.sha256(archive.read(info)).hexdigest() + "  " + info.filename)
            """
        let result = try Program.run(#require(Program.python), ["-c", script, path])
        let expected = files.map { "\(Digest(of: $0.bytes).hex)  \($0.name)\n" }.joined()
        #expect(result.status == 0 && result.output == expected, "seed \(generator.seed): \(result.output)")
        let unzip = try Program.run(#require(Program.unzip), ["-tq", path])
        #expect(unzip.status == 0, "seed \(generator.seed): \(unzip.output)")
    }

    @Test("Zip64 stands where a number does not fit, and nowhere else", arguments: [99, 100, 101])
    func zip64Exactly(_ size: Int) throws {
        let layout = ZIPLayout(sizeLimit: 100)
        let path = try zip([File(name: "x", bytes: Array(repeating: 1, count: size))], layout: layout)
        let bytes = try workplace.read("z.zip")
        let isLarge = size >= 100
        #expect(bytes[4] == (isLarge ? 45 : 10))
        #expect(bytes[28] == (isLarge ? 20 : 0))
        #expect(ZIPReader.isAccepted(path, layout))
        // The directory begins behind the limit in each, so under the true limit none is canonical.
        #expect(!ZIPReader.isAccepted(path, ZIPLayout()))
    }

    @Test("A flipped byte at any place is refused", arguments: [0x01, 0x20, 0xFF] as [UInt8])
    func everyByteCounts(_ mask: UInt8) throws {
        _ = try zip(Self.small)
        let bytes = try workplace.read("z.zip")
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= mask
            try workplace.write(changed, to: "changed.zip")
            #expect(try ZIPReader(path: workplace.path("changed.zip")).refusal() != nil, "byte \(offset)")
        }
    }

    @Test("A ZIP that is cut, or has something behind, is refused wherever that is")
    func everyLengthCounts() throws {
        _ = try zip(Self.small)
        let bytes = try workplace.read("z.zip")
        for count in 0..<bytes.count {
            try workplace.write(Array(bytes[..<count]), to: "cut.zip")
            #expect(try ZIPReader(path: workplace.path("cut.zip")).refusal() != nil, "\(count) bytes")
        }
        for tail in [[0], [0x50], Array(bytes.suffix(22)), bytes] as [[UInt8]] {
            try workplace.write(bytes + tail, to: "longer.zip")
            #expect(try ZIPReader(path: workplace.path("longer.zip")).refusal() != nil)
        }
    }

    /// A removed or renamed entry gives the canonical ZIP of other files: to tell them apart is for who knows what should be there.
    static let canonicalChanges = ["same", "remove", "rename"]
    static let changes = [
        "rename-to-other-characters", "rename-to-parent", "rename-to-absolute", "rename-to-folder-of-a-file", "duplicate",
        "duplicate-in-directory", "swap", "swap-in-directory", "leave-out-of-directory", "other-name-in-directory", "folder-entry",
        "prepend", "between", "gap", "append", "comment", "entry-comment", "local-extra", "central-extra", "needless-zip64", "deflated",
        "descriptor", "utf8-flag", "other-date", "other-time", "other-mode", "other-maker", "other-needed", "internal-attributes",
        "wrong-crc", "wrong-count",
    ]

    @Test(
        "A ZIP that another program made to fit a change is refused, unless it is the canonical ZIP of other files",
        .enabled(if: Program.python != nil, Program.noPython), arguments: canonicalChanges + changes)
    func forged(_ change: String) throws {
        let path = try zip(Self.small)
        let forge = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Oracle/zip_forge.py")
        let result = try Program.run(#require(Program.python), [forge.path, change, path, workplace.path("forged.zip")])
        try #require(result.status == 0, "\(result.output)")
        let refusal = try ZIPReader(path: workplace.path("forged.zip")).refusal()
        if change == "same" { #expect(try workplace.read("forged.zip") == workplace.read("z.zip")) }
        #expect((refusal == nil) == Self.canonicalChanges.contains(change), "\(refusal ?? "accepted")")
    }

    @Test("A ZIP of no files is the end record alone")
    func empty() throws {
        let path = try zip([])
        #expect(try workplace.read("z.zip").count == 22)
        #expect(try ZIPReader(path: path).files().isEmpty)
    }

    @Test("An error names the entry and what is wrong with it")
    func errorsSayWhat() throws {
        _ = try zip(Self.small)
        var bytes = try workplace.read("z.zip")
        bytes[30 + 5] ^= 1  // the first byte of a.txt
        try workplace.write(bytes, to: "changed.zip")
        let path = workplace.path("changed.zip")
        #expect(
            try ZIPReader(path: path).refusal()
                == "cannot accept \(path): entry “a.txt”: its bytes have another CRC-32 than its header says")
    }

    @Test("A visitor that swallows the error does not make the bytes right")
    func swallowed() throws {
        _ = try zip(Self.small)
        var bytes = try workplace.read("z.zip")
        bytes[30 + 5] ^= 1
        try workplace.write(bytes, to: "changed.zip")
        #expect(throws: BundleFileError.self) {
            try ZIPReader(path: workplace.path("changed.zip")).walk { _, _, read in do { try read { _ in } } catch {} }
        }
        struct Stop: Error {}
        let reader = try ZIPReader(path: workplace.path("z.zip"))
        #expect(throws: Stop.self) { try reader.walk { _, _, read in try read { _ in throw Stop() } } }
        #expect(throws: BundleFileError.readTwice(entry: "a.txt")) {
            try reader.walk { _, _, read in
                try read { _ in }
                do { try read { _ in } } catch {}
            }
        }
    }
}

extension ZIPReader {
    static func isAccepted(_ path: String, _ layout: ZIPLayout) -> Bool {
        // Whatever it is refused for, it is refused.
        (try? ZIPReader(path: path, layout: layout).files()) != nil
    }
}
