import Foundation
import Testing

/// The structure of the sources, held by reading them: the compiler sees only recursive dependencies.
@Suite("Tidiness")
struct ImportTests {
    /// Who may import what: our modules, and the outside modules that only this target imports.
    static let table: [String: (ours: Set<String>, outside: Set<String>)] = [
        "Evidence": ([], ["Crypto", "CryptoExtras"]),
        "VietnameseText": ([], []),
        "Ledger": (["Evidence"], []),
        "Recognition": (["Evidence"], ["Yams"]),
        "ExtractionWire": ([], []),
        "Vault": (["Evidence", "CLinux"], ["Glibc"]),
        "Catalog": (["Evidence", "VietnameseText", "Recognition", "Ledger"], ["GRDB"]),
        "Bundle": (["Evidence", "Recognition", "Ledger", "Timestamping", "CLinux", "CZlib"], ["Glibc"]),
        "Extraction": (["Evidence", "ExtractionWire", "CDescriptors"], ["Glibc"]),
        "OutboundHTTP": (["CCurl"], []),
        "Timestamping": (["Evidence", "COpenSSL", "OutboundHTTP"], []),
        "Accounts": (
            ["Evidence", "VietnameseText", "OutboundHTTP", "CArgon2"], ["Crypto", "JWTKit", "Dispatch", "FoundationEssentials", "Glibc"]
        ),
        "Custody": (
            ["Evidence", "VietnameseText", "Recognition", "Ledger", "Bundle", "Timestamping", "Vault", "Catalog", "Extraction", "Accounts"],
            ["Dispatch"]
        ),
        "Web": (
            ["Evidence", "Recognition", "Ledger", "Bundle", "Accounts", "Custody"],
            [
                "AsyncAlgorithms", "Glibc", "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "HTTPTypes", "Logging", "NIOCore", "NIOHTTP1",
                "NIOSSL", "ServiceLifecycle",
                "UnixSignals",
            ]
        ),
        "Command": (["Evidence", "Recognition", "Ledger", "Bundle", "OutboundHTTP", "Custody", "Web"], ["ArgumentParser", "Glibc"]),
        "ExtractionWorker": (["ExtractionWire", "VietnameseText", "CConfinement", "CDescriptors", "CMagic", "CPoppler", "CRaster"], ["Glibc"]),
    ]

    /// Of the language itself; `Foundation` only where something below needs its types.
    static let everywhere: Set<String> = ["Swift", "Synchronization"]
    static let withFoundation: Set<String> = ["Catalog", "Custody"]

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct Source: Sendable {
        let target: String
        /// Relative to the target's folder.
        let path: String
        let lines: [String]
    }

    static func sources() throws -> [Source] {
        let folder = root.appending(path: "Sources")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().flatMap { target in
            try FileManager.default.subpathsOfDirectory(atPath: folder.appending(path: target).path)
                .filter { $0.hasSuffix(".swift") }.sorted().map { path in
                    let text = try String(contentsOf: folder.appending(path: target).appending(path: path), encoding: .utf8)
                    return Source(target: target, path: path, lines: text.components(separatedBy: "\n"))
                }
        }
    }

    static func imports(_ source: Source) -> [String] {
        source.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index + 1 < words.count,
                words[..<index].allSatisfy({ $0.hasPrefix("@") || ["public", "internal", "package", "private", "fileprivate"].contains($0) })
            else { return nil }
            return String(words.last?.split(separator: ".").first ?? "")
        }
    }

    @Test("Every target imports only what the module table allows")
    func importsFollowTheTable() throws {
        let sources = try Self.sources()
        #expect(sources.count > 20, "the sources were not found")
        for source in sources {
            let allowed = try #require(Self.table[source.target], "\(source.target) is not in the table")
            for name in Self.imports(source) where !Self.everywhere.contains(name) {
                let isAllowed =
                    allowed.ours.contains(name) || allowed.outside.contains(name)
                    || name == "Foundation" && Self.withFoundation.contains(source.target)
                #expect(isAllowed, "\(source.target)/\(source.path) imports \(name)")
            }
        }
    }

    @Test("The vault makes its system calls in one folder")
    func systemCallsAreInOneFolder() throws {
        for source in try Self.sources() where source.target == "Vault" && !source.path.hasPrefix("System/") {
            #expect(!Self.imports(source).contains { ["Glibc", "CLinux", "Foundation"].contains($0) }, "\(source.path) calls the system")
        }
    }

    @Test("Blocking work leaves the cooperative pool in one file")
    func oneAsyncBridge() throws {
        for source in try Self.sources() where source.path != "BlockingWork.swift" {
            let bridges = source.lines.filter { $0.contains("withCheckedThrowingContinuation") || $0.contains("DispatchQueue") }
            #expect(bridges.isEmpty, "\(source.target)/\(source.path) bridges on its own")
        }
    }

    @Test("Nothing is written with Foundation's atomic write, which is not durable")
    func noAtomicWrite() throws {
        for source in try Self.sources() {
            #expect(!source.lines.contains { $0.contains("options: .atomic") || $0.contains("atomically:") }, "\(source.target)/\(source.path)")
        }
    }

    @Test(
        "What the compiler cannot check carries its proof",
        arguments: ["try!", "@unchecked Sendable", "nonisolated(unsafe)", "as!", "try?", "fatalError("])
    func unsafeHasProof(_ pattern: String) throws {
        for source in try Self.sources() {
            for (index, line) in source.lines.enumerated()
            where Self.has(line, pattern) && !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") {
                let around = source.lines[max(0, index - 2)...min(source.lines.count - 1, index + 1)].joined(separator: "\n")
                #expect(around.contains("//"), "\(source.target)/\(source.path):\(index + 1) has no comment that proves `\(pattern)`")
            }
        }
    }

    /// Whether the pattern stands there as a word of its own: `try?`, not the end of `Entry?`.
    private static func has(_ line: String, _ pattern: String) -> Bool {
        line.ranges(of: pattern).contains { range in
            range.lowerBound == line.startIndex || !line[line.index(before: range.lowerBound)].isLetter
        }
    }

    @Test("No target is named for nothing")
    func namesSayTheirJob() throws {
        let empty = ["Util", "Utils", "Helper", "Helpers", "Manager", "Common", "Core", "Models", "Services", "Misc"]
        for source in try Self.sources() {
            let name = source.path.split(separator: "/").last?.dropLast(".swift".count) ?? ""
            #expect(!empty.contains { source.target == $0 || name.hasSuffix($0) }, "\(source.target)/\(source.path)")
        }
    }

    @Test("No file is longer than can be read at once")
    func filesAreShort() throws {
        for source in try Self.sources() {
            #expect(source.lines.count <= 420, "\(source.target)/\(source.path) has \(source.lines.count) lines")
        }
    }
}
