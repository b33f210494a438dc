import Bundle
import Foundation
import Testing

/// The Library of Congress's conformance suite <https://github.com/LibraryOfCongress/bagit-conformance-suite>, bag by bag.
@Suite("BagIt conformance")
struct BagConformanceTests {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["MINHCHUNG_SHARED"] { return URL(fileURLWithPath: path) }
        return URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("../shared").standardizedFileURL
    }().appendingPathComponent("vectors/bagit-conformance")

    static let areThere = FileManager.default.fileExists(atPath: folder.path)
    static let absence: Comment = "needs the shared vectors (MINHCHUNG_SHARED, or ../shared beside the package)"

    /// `version/kind/name` of every bag that applies to Linux.
    static let bags: [String] = folders("").filter { $0.hasPrefix("v") }.flatMap { version in
        ["valid", "warning", "invalid", "linux-only"].flatMap { kind in folders("\(version)/\(kind)").map { "\(version)/\(kind)/\($0)" } }
    }

    private static func folders(_ path: String) -> [String] {
        let url = folder.appendingPathComponent(path)
        // A kind that a version does not have is no bag.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        return names.sorted().filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: url.appendingPathComponent(name).path, isDirectory: &isFolder) && isFolder.boolValue
        }
    }

    @Test("The suite is there whole", .enabled(if: areThere, absence))
    func isWhole() { #expect(Self.bags.count == 54) }

    @Test("Every bag is judged as the suite says", .enabled(if: areThere, absence), arguments: bags)
    func agrees(_ bag: String) throws {
        let findings = try BagValidator.findings(inBagAt: Self.folder.appendingPathComponent(bag).path)
        let errors = findings.filter { $0.severity == .error }
        let kind = bag.split(separator: "/")[1]
        switch kind {
        case "valid": #expect(errors.isEmpty)
        case "warning": #expect(errors.isEmpty && !findings.isEmpty)
        default: #expect(!errors.isEmpty, "\(findings)")
        }
    }
}
