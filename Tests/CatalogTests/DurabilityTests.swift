import Catalog
import Evidence
import Testing

@Suite("Durability")
struct DurabilityTests {
    @Test func `commits of the ledger and of operational state are on disk when they return, those of the index need not be`() throws {
        let folder = try TemporaryFolder()
        // A new database and one that is there already are opened in different ways.
        for _ in 0..<2 {
            let catalog = try Catalog(in: folder.path, creates: true)
            let index = try SearchIndex(in: folder.path)
            try catalog.append([deposit(object(1))], by: operatorAtConsole, at: moment(0))
            try index.follow(catalog, text: { _ in nil })
            #expect(try catalog.synchronous() == (2, 2))
            #expect(try index.synchronous() == 1)
            try index.close()
            try catalog.close()
        }
    }
}
