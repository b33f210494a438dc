import Extraction
import Foundation
import Glibc
import Testing

/// Pages held against those of `pdftoppm`, which draws with other code (Splash instead of cairo).
struct PageOracleTests {
    private static let program = "/usr/bin/pdftoppm"
    private static let hasProgram = FileManager.default.isExecutableFile(atPath: program)
    private static let absence: Comment = "needs the program pdftoppm (poppler-utils)"

    private static let sampleFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Storage/Sample/documents")

    private func oracle(_ file: String, _ size: (width: Int, height: Int)) throws -> Picture {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = [
            "-f", "1", "-singlefile", "-cropbox", "-scale-to-x", "\(size.width)", "-scale-to-y", "\(size.height)", file,
        ]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return try Picture(ppm: Array(bytes))
    }

    /// Of the oracle's ink, the share that may be elsewhere: the two smooth letters and thin lines differently.
    private static let tolerance = 0.4

    /// What share of the oracle's ink is not where it has it, in squares of 16 pixels; and what share were not if the page stood on
    /// its head.
    private func difference(_ file: String, with renderer: PageRenderer) throws -> (upright: Double, reversed: Double) {
        let document = open(file, O_RDONLY | O_CLOEXEC)
        defer { close(document) }
        let shown = try picture(renderer.render(page: 1, width: 640, height: 640, of: document))
        let expected = try oracle(file, (shown.width, shown.height))
        try #require(expected.width == shown.width && expected.height == shown.height)
        let (ours, theirs) = (shown.squares(16), expected.squares(16))
        let ink = theirs.reduce(0) { $0 + 255 - $1 }
        try #require(ink > 0)
        func share(_ ours: some Sequence<Double>) -> Double { zip(ours, theirs).reduce(0) { $0 + abs($1.0 - $1.1) } / ink }
        return (share(ours), share(ours.reversed()))
    }

    @Test("the sample's documents look as pdftoppm draws them", .enabled(if: hasProgram, absence))
    func sample() throws {
        let renderer = try PageRenderer(worker: workerPath)
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.sampleFolder.path).filter { $0.hasSuffix(".pdf") }.sorted()
        #expect(names.count > 10)
        for name in names {
            let found = try difference(Self.sampleFolder.appending(path: name).path, with: renderer)
            print("\(name): \(found)")
            #expect(found.upright < Self.tolerance && found.upright < found.reversed / 1.5, "\(name): \(found)")
        }
    }

    /// Of many producers: TeX, scans, office programs, presentations.
    private static let corpus = [
        "pdf.js/TAMReview.pdf", "pdf.js/freeculture.pdf", "pdf.js/tracemonkey.pdf", "pdfplumber/federal-register-2020-17221.pdf",
        "pdfplumber/chelsea_pdta.pdf", "smartdocs_demo/1009-ttg.signed.pdf", "format-corpus/Lorem Ipsum - Andrew Jackson.pdf",
        "format-corpus/Neddy_Flyer_HeatherRyan.pdf", "pdfplumber/issue-336-example.pdf",
    ]

    @Test("documents of many producers look as pdftoppm draws them", .enabled(if: hasProgram && SharedCorpus.isThere, SharedCorpus.absence))
    func manyProducers() throws {
        let renderer = try PageRenderer(worker: workerPath)
        var compared = 0
        for name in Self.corpus {
            let path = SharedCorpus.folder.appending(path: "corpus/\(name)").path
            guard FileManager.default.fileExists(atPath: path) else { continue }
            let found = try difference(path, with: renderer)
            print("\(name): \(found)")
            #expect(found.upright < Self.tolerance && found.upright < found.reversed / 1.5, "\(name): \(found)")
            compared += 1
        }
        #expect(compared >= 5)
    }
}
