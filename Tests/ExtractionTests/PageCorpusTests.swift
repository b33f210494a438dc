import Extraction
import Foundation
import Glibc
import Synchronization
import Testing

/// Every PDF, JPEG and PNG of the shared corpus, among them many that were made to break readers.
@Suite(.serialized, .enabled(if: SharedCorpus.isThere, SharedCorpus.absence))
struct PageCorpusTests {
    @Test func `the first page of every document is shown or refused, and no reader crashes`() throws {
        let files = try SharedCorpus.files(["pdf", "jpg", "jpeg", "png"])
        #expect(files.count > 500)
        let next = Mutex(0)
        let counts = Mutex<[String: Int]>([:])
        let slowest = Mutex((seconds: 0.0, file: ""))
        let group = DispatchGroup()
        for _ in 0..<2 {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                do {
                    let renderer = try PageRenderer(worker: workerPath)
                    while true {
                        let index = next.withLock { index in
                            index += 1
                            return index - 1
                        }
                        guard index < files.count else { return }
                        let document = open(files[index], O_RDONLY | O_CLOEXEC)
                        defer { close(document) }
                        let start = Date()
                        let outcome = try renderer.render(page: 1, width: 320, height: 320, of: document)
                        let seconds = Date().timeIntervalSince(start)
                        slowest.withLock { if seconds > $0.seconds { $0 = (seconds, files[index]) } }
                        let name =
                            switch outcome {
                            case .image(let page):
                                page.width <= 320 && page.height <= 320 ? "shown" : "too large"
                            case .noSuchPage: "no page"
                            case .kindNotShown: "kind not shown"
                            case .noFonts: "no fonts"
                            case .refused(let refusal, _): "refused: \(refusal)"
                            case .failed(let reason): "failed: \(reason)"
                            }
                        if name.hasPrefix("failed") || seconds > 5 { print("\(name), \(seconds) s: \(files[index])") }
                        counts.withLock { $0[name, default: 0] += 1 }
                        #expect(seconds < 25, "\(files[index])")
                    }
                } catch {
                    Issue.record(error)
                }
            }
        }
        group.wait()
        let found = counts.withLock { $0 }
        print("page images of \(files.count) files: \(found.sorted { $0.value > $1.value }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))")
        print("slowest: \(slowest.withLock { "\($0.seconds) s, \($0.file)" })")
        #expect(!found.keys.contains { $0.contains("crashed") })
        #expect(found["too large"] == nil)
        #expect(found["shown", default: 0] > files.count / 2)
    }
}
