import Evidence
import Extraction
import ExtractionWire
import Testing

/// What one document may cost, held against documents that are made to cost more.
@Suite(.serialized)
struct LimitTests {
    @Test(
        "a document that needs too much processor time fails, and is not tried again",
        arguments: [
            Sample("flate", TestPDF.flateBomb), Sample("forms", TestPDF.formBomb),
        ])
    func processorTime(bomb: Sample) throws {
        let (finding, pages) = try read(bomb.bytes, limits: .init(cpuSeconds: 1))
        #expect(finding.state == .failed)
        #expect(finding.reason == "needs more than 1 s of processor time")
        #expect(finding.mediaType == "application/pdf")
        #expect(pages.isEmpty)
    }

    @Test func `a document that needs too much memory fails`() throws {
        let (finding, pages) = try read(TestPDF.memoryBomb, limits: .init(addressSpace: 512 << 20))
        #expect(finding.state == .failed)
        #expect(finding.reason == "needs more memory than 512 MiB")
        #expect(pages.isEmpty)
    }

    @Test func `a document that takes too long fails, and the next one is read`() throws {
        let extractor = try Extractor(worker: workerPath, limits: .init(wallSeconds: 1))
        let process = extractor.workerProcess
        let bomb = try extractor.read(TestPDF.formBomb).finding
        #expect(bomb.reason == "takes longer than 1 s")
        #expect(try extractor.read(TestPDF.pages(["a"])).pages == ["a"])
        #expect(extractor.workerProcess == process)
    }

    @Test func `text stops after the last page that is kept`() throws {
        let (finding, pages) = try read(TestPDF.pages(["a", "b", "c"]), limits: .init(pages: 2))
        #expect(finding.state == .extracted)
        #expect(pages == ["a", "b"])
        #expect(finding.pageCount == 3)
        #expect(finding.incomplete == "only the first 2 pages were read")
    }

    @Test func `a page that is too long is cut between two letters, and the text ends there`() throws {
        let (finding, pages) = try read(Array("ababab\u{C}ộộộộộ\u{C}c".utf8), limits: .init(pageText: 8))
        #expect(pages == ["ababab", "ộộ"])
        #expect(finding.pageCount == 3)
        #expect(finding.incomplete == "a page has more than 8 bytes of text")
    }

    @Test func `a page that no longer fits into the text ends it`() throws {
        let (finding, pages) = try read(Array("một\u{C}hai\u{C}ba\n".utf8), limits: .init(totalText: 9))
        #expect(pages == ["một", "hai"])
        #expect(finding.pageCount == 3)
        #expect(finding.incomplete == "the text has more than 9 bytes")
    }

    @Test func `a text far larger than what is kept is cut, its pages not counted`() throws {
        let (finding, pages) = try read(Array(String(repeating: "một hai ba\n", count: 100_000).utf8), limits: .init(totalText: 100_000))
        #expect(pages.count == 1)
        #expect(finding.pageCount == nil)
        #expect(finding.incomplete == "the text has more than 100000 bytes")
    }
}
