module dapr-functions/bench/load

go 1.24
