/// Counts since the store was made: `GET /statistics`
package struct StatisticsView: Sendable, Hashable, Codable {
    package struct Task: Sendable, Hashable, Codable {
        package var task: String
        package var waiting: Int
        package var running: Int
        /// Ended Processings by outcome name.
        package var ended: [String: Int]
        /// Start to end of the ended ones; absent when none has ended.
        package var meanMilliseconds: Int64?

        package init(task: String, waiting: Int, running: Int, ended: [String: Int], meanMilliseconds: Int64?) {
            self.task = task
            self.waiting = waiting
            self.running = running
            self.ended = ended
            self.meanMilliseconds = meanMilliseconds
        }

        enum CodingKeys: String, CodingKey {
            case task, waiting, running, ended
            case meanMilliseconds = "mean_milliseconds"
        }
    }

    package var tasks: [Task]

    package init(tasks: [Task]) { self.tasks = tasks }
}
