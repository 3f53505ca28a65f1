import Launcher
import Store
import Wire

extension EventView {
    init(_ record: EventRecord, processings: [Int64]? = nil) throws {
        self.init(
            id: record.id, type: record.type, key: record.key, params: try parameters(json: record.params),
            source: record.source, createdAt: Timestamp(milliseconds: record.createdAt), processings: processings)
    }
}

extension EventReceiptView {
    init(_ receipt: EventReceipt) throws {
        self.init(
            event: try EventView(receipt.event, processings: receipt.processings), duplicate: receipt.duplicate)
    }
}
