module example.com/lsjson

go 1.21
