import Bundle
import Evidence
import Foundation
import Ledger
import Testing

/// The parts of a bundle that people read.
@Suite("What people read in a bundle")
struct ReadableTests {
    static func page(_ decision: JSON, _ lines: [JSON] = []) -> String {
        String(decoding: ReadablePage.html(decision, accessLines: lines), as: UTF8.self)
    }

    @Test(
        "Pages for the eye are written where MINHCHUNG_PAGES names a folder",
        .enabled(if: ProcessInfo.processInfo.environment["MINHCHUNG_PAGES"] != nil))
    func pagesForTheEye() throws {
        let folder = URL(filePath: try #require(ProcessInfo.processInfo.environment["MINHCHUNG_PAGES"]))
        for (name, decision) in [
            ("single", try ReadableSample.single()), ("list", try ReadableSample.list()), ("honour", try ReadableSample.honour()),
        ] {
            try Data(ReadablePage.html(decision, accessLines: try ReadableSample.accessLines(230))).write(to: folder.appending(path: "\(name).html"))
            try Data(VerificationInstructions.markdown(decision, hasStamp: true)).write(to: folder.appending(path: "\(name).md"))
            try Data(ResearchObjectCrate.metadata(decision, files: ReadableSample.files)).write(to: folder.appending(path: "\(name).json"))
        }
        let hostile = Hostile.poisoned(try ReadableSample.list())
        try Data(ReadablePage.html(hostile, accessLines: try ReadableSample.accessLines().map(Hostile.poisoned))).write(
            to: folder.appending(path: "hostile.html"))
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

    private static func mapped(_ json: JSON, _ change: (String) -> JSON) -> JSON {
        switch json {
        case .string(let string): change(string)
        case .array(let values): .array(values.map { mapped($0, change) })
        case .object(let members): .object(members.mapValues { mapped($0, change) })
        default: json
        }
    }
}
